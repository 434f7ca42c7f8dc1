import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Cell } from '../../src/space/cell.ts';
import { CellOrder } from '../../src/space/cell-order.ts';
import { StackPart } from '../../src/space/stack-part.ts';
import { runs } from '../random.ts';

type Operation = { readonly do: 'add' | 'remove' | 'write'; readonly at: number };

const operation: fc.Arbitrary<Operation> = fc.record({
  do: fc.constantFrom('add' as const, 'add' as const, 'remove' as const, 'write' as const),
  at: fc.nat({ max: 5 }),
});

test('the cell after the one that was written last is the one that came next of those that are there', () => {
  const part = new StackPart('default', 'app');
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
      const order = new CellOrder();
      const list: Cell[] = [];
      let written: Cell | undefined;
      let count = 0;
      for (const { do: what, at } of operations) {
        const cell = list[at % list.length];
        if (what === 'add') {
          count += 1;
          const added = new Cell(part, 'web', `a${count}`);
          list.push(added);
          order.add(added);
        } else if (cell !== undefined && what === 'write') {
          order.willWrite(cell);
          written = cell;
        } else if (cell !== undefined) {
          const place = list.indexOf(cell);
          if (written === cell) written = list[place - 1];
          list.splice(place, 1);
          order.remove(cell);
        }
        const next = written === undefined ? undefined : list[list.indexOf(written) + 1];
        for (let i = 1; i <= count; i += 1) {
          const expected = next?.attribute === `a${i}` ? next : undefined;
          expect(order.afterWritten('web', `a${i}`)).toBe(expected);
          expect(order.afterWritten('db', `a${i}`)).toBeUndefined();
        }
      }
    }),
    { numRuns: runs(300) },
  );
});
