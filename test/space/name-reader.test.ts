import { describe, expect, test } from '@jest/globals';
import { StoreUnusable } from '../../src/errors.ts';
import { type Name, printName } from '../../src/names.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MemorySpace } from '../../src/space/memory-space.ts';
import { NameReader } from '../../src/space/name-reader.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { withOwn } from '../stack/killed-engine.ts';

test.each([1, 2, 3])(
  'a value that could not be looked for %i times wakes its reader, although nothing more is stored',
  async (times) => {
    const store = new MemoryStore();
    let failures = times;
    const failing = withOwn(store, {
      find: (name) => {
        const entry = store.find(name);
        // Its beginning is looked for before anything is stored, and says nothing.
        if (entry === undefined || failures === 0) return entry;
        failures -= 1;
        throw new StoreUnusable({ what: 'The disk is away.' });
      },
    });
    const clock = new SimulatedClock();
    const names = new NameReader(
      new MemorySpace(),
      failing,
      clock,
      () => undefined,
      () => undefined,
      () => {},
    );
    const read = new Promise((resolve) => names.subscribe(['default', 's', 'a', 'x'], resolve));
    void clock.schedule(75, () => store.writeOutside(['default', 's', 'a', 'x'], 7));
    const late = new Promise((resolve) => void clock.schedule(10_000, () => resolve('nothing for ten seconds')));
    expect(await clock.run(Promise.race([read, late]))).toEqual({ value: 7 });
    expect(failures).toBe(0);
    names.close();
  },
);

describe('at the end of an action the store is asked', () => {
  const OF_IT: Name = ['default', 's', 'a', 'x'];

  /** A reader whose store answers a millisecond after it has looked, and what was asked of that, by name and time. */
  function slowReader() {
    const [store, space, clock] = [new MemoryStore(), new MemorySpace(), new SimulatedClock()];
    const asked: string[] = [];
    const looked: number[] = [];
    const slow = withOwn(store, {
      find: async (name) => {
        asked.push(`${clock.now()} ${printName(name)}`);
        const entry = store.find(name);
        await new Promise<void>((resolve) => void clock.schedule(1, resolve));
        return entry;
      },
    });
    const names = new NameReader(
      space,
      slow,
      clock,
      () => undefined,
      () => undefined,
      () => void looked.push(clock.now()),
    );
    const woken: string[] = [];
    const read = (name: Name): void => {
      names.subscribe(name, (entry) => woken.push(`${clock.now()} ${printName(name)} ${JSON.stringify(entry)}`));
    };
    const writerOf = ([inSpace, stack, resource, attribute]: Name): string =>
      names.describeWriter({ space: inSpace, stack, resource, attribute }).writer;
    return { store, space, clock, names, asked, looked, woken, read, writerOf };
  }

  test('for the names of that stack alone; until it has answered for all of them, they are on their way', async () => {
    const { store, clock, names, asked, looked, woken, read, writerOf } = slowReader();
    const others: readonly Name[] = [
      ['default', 't', 'a', 'x'],
      ['other', 's', 'a', 'x'],
    ];
    const second: Name = ['default', 's', 'b', 'x'];
    for (const name of [OF_IT, second, ...others]) read(name);
    await clock.advance(5);
    expect([asked.splice(0).length, looked.splice(0)]).toEqual([4, [1]]);
    store.writeOutside(OF_IT, 7);
    names.stackDidEnd('default', 's');
    expect([OF_IT, second, ...others].map(writerOf)).toEqual(['running', 'running', 'outside', 'outside']);
    await clock.advance(5);
    expect([asked, woken, looked]).toEqual([
      ['5 default.s.a.x', '6 default.s.b.x'],
      ['6 default.s.a.x {"value":7}'],
      [7],
    ]);
    expect(writerOf(second)).toBe('outside');
    names.close();
  });

  test('for nothing when nobody waits for a name of the stack', async () => {
    const { clock, names, asked, looked, read } = slowReader();
    read(['default', 't', 'a', 'x']);
    await clock.advance(5);
    expect([asked.splice(0).length, looked.splice(0)]).toEqual([1, [1]]);
    names.stackDidEnd('default', 's');
    await clock.advance(5);
    expect([asked, looked]).toEqual([[], []]);
    names.close();
  });

  test('although a read that has begun before still waits for its answer', async () => {
    const { store, clock, names, woken, looked, read } = slowReader();
    read(OF_IT);
    // The answer that is on its way knows nothing of it.
    store.writeOutside(OF_IT, 7);
    names.stackDidEnd('default', 's');
    await clock.advance(5);
    expect([woken, looked]).toEqual([['1 default.s.a.x {"value":7}'], [1]]);
    names.close();
  });

  test('not for what its next action declares, and what it answers after that has begun counts for nothing', async () => {
    const { store, space, clock, names, asked, woken, looked, read } = slowReader();
    read(OF_IT);
    await clock.advance(5);
    asked.length = 0;
    looked.length = 0;
    store.writeOutside(OF_IT, 7);
    names.stackDidEnd('default', 's');
    const region = space.declare('default', 's', new Map([['a', ['x']]]));
    names.stackDidEnd('default', 's');
    await clock.advance(5);
    expect([asked, woken, looked]).toEqual([['5 default.s.a.x'], [], [6]]);
    region.write('a', 'x', 8);
    expect(woken).toEqual(['10 default.s.a.x {"value":8}']);
    names.close();
  });
});
