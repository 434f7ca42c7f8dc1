import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ResourceRecord } from '../../src/store/stack-store.ts';
import { StoredResources } from '../../src/store/stored-resources.ts';
import type { JsonObject } from '../../src/values.ts';
import { runs } from '../random.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

/** What is stored, as a table in the order of the first storing. */
class Model {
  readonly #stored = new Map<
    string,
    { record: ResourceRecord | undefined; result: JsonObject; published: JsonObject }
  >();

  setRecord(record: ResourceRecord, result: JsonObject | undefined): void {
    const stored = this.#of(record.name);
    stored.record = record;
    stored.result = result ?? stored.result;
  }

  setValue(name: string, attribute: string, value: number): void {
    this.#of(name).published = { [attribute]: value };
  }

  remove(name: string): void {
    this.#stored.delete(name);
  }

  records(): readonly ResourceRecord[] {
    return [...this.#stored.values()].flatMap(({ record }) => record ?? []);
  }

  recordOf(name: string): ResourceRecord | undefined {
    return this.#stored.get(name)?.record;
  }

  values() {
    return [...this.#stored].flatMap(([resource, { result, published }]) =>
      Object.entries({ ...result, ...published }).map(([attribute, value]) => ({ resource, attribute, value })),
    );
  }

  #of(name: string) {
    const stored = this.#stored.get(name) ?? { record: undefined, result: {}, published: {} };
    this.#stored.set(name, stored);
    return stored;
  }
}

const name = fc.constantFrom(...NAMES);
const step = fc.oneof(
  fc.record({ kind: fc.constant('numbered' as const), name, result: fc.boolean() }),
  fc.record({ kind: fc.constant('named' as const), name, result: fc.boolean() }),
  fc.record({ kind: fc.constant('value' as const), name }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({ kind: fc.constant('look' as const), name }),
  fc.record({ kind: fc.constant('renumber' as const), order: fc.shuffledSubarray(NAMES, { minLength: NAMES.length }) }),
);

test('whether changes tell the numbers of their resources makes no difference', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom(0, 3, NAMES.length), (steps, size) => {
      const model = new Model();
      const stored = new StoredResources();
      let order = NAMES;
      stored.renumber(size);
      for (const [time, each] of steps.entries()) {
        switch (each.kind) {
          case 'numbered':
          case 'named': {
            const record = { name: each.name, updatedAt: time } as ResourceRecord;
            const result = each.result ? { r: time } : undefined;
            const number = each.kind === 'named' ? undefined : order.indexOf(each.name);
            model.setRecord(record, result);
            stored.setRecord(record, result, number);
            break;
          }
          case 'value':
            model.setValue(each.name, 'v', time);
            stored.setValue(each.name, 'v', time);
            break;
          case 'remove':
            model.remove(each.name);
            stored.remove(each.name);
            break;
          case 'renumber':
            order = each.order;
            stored.renumber(size);
            break;
          case 'look':
            expect(stored.recordOf(each.name)).toBe(model.recordOf(each.name));
            break;
          default:
            each satisfies never;
        }
      }
      expect(stored.records()).toEqual(model.records());
      expect(stored.values()).toEqual(model.values());
      for (const { resource, attribute, value } of model.values()) {
        expect(stored.valueOf(resource, attribute)).toBe(value);
      }
    }),
    { numRuns: runs(500) },
  );
});
