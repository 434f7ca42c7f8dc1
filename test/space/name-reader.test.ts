import { expect, test } from '@jest/globals';
import { StoreUnusable } from '../../src/errors.ts';
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
