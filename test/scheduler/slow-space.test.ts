import { afterEach, expect, test } from '@jest/globals';
import { SimulatedSpace } from '../simulation/simulated-space.ts';
import type { World } from './world.ts';
import { closeWorlds, failure, world } from './worlds.ts';

afterEach(closeWorlds);

test('a value that is stored reaches its readers, although its writer fails while it is on its way', async () => {
  const space = new SimulatedSpace({ delay: () => w.wait(10), didArrive: () => {} });
  const w: World = world(
    {
      a: async ({ outputs }) => {
        await outputs.early(1);
        throw new Error('no disk');
      },
      b: ({ properties }) => ({ late: properties.a }),
    },
    { space },
  );
  await failure(w.create('a: Stream\nb: Plain a=a.early\nc: Plain a=a.late'));
  expect(w.states).toEqual(['a IN_PROGRESS', 'a FAILED', 'b IN_PROGRESS', 'b COMPLETE']);
  expect(await w.engine.tryRead('s.b.late')).toEqual({ value: 1 });
});
