import { afterEach, expect, test } from '@jest/globals';
import { printName } from '../../src/names.ts';
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

test.each([
  { of: 'one that is complete', text: 'p: Plain\nq: Plain a=p.late b=@other.x.z', told: ['10 q default.other.x.z'] },
  {
    of: 'one that waits itself by then',
    text: 'p: Stream b=@other.x.y\nq: Plain a=p.early b=@other.x.z',
    told: ['10 p default.other.x.y', '10 q default.other.x.z'],
  },
])(
  'a stack is told to be quiet when a value of $of has come, and not while it is on its way',
  async ({ text, told }) => {
    const space = new SimulatedSpace({ delay: () => w.wait(10), didArrive: () => {} });
    const w: World = world(
      {
        p: async ({ inputs, outputs }) => {
          if (outputs === undefined) return { late: 1 };
          await outputs.early(1);
          return inputs.b;
        },
      },
      { space },
    );
    const stopped = new AbortController();
    const ended = failure(w.start(text, { signal: stopped.signal }));
    await w.clock.advance(5);
    expect(await w.engine.waiting('s')).toContainEqual(
      expect.objectContaining({ reader: 'q', writer: 'running', reason: "'p' has written it, and it is on its way" }),
    );
    await w.clock.advance(20);
    const quiet = w
      .of('stack:didQuiesce')
      .flatMap(({ time, waiting }) => waiting.map(({ reader, name }) => `${time} ${reader} ${printName(name)}`));
    expect(quiet).toEqual(told);
    stopped.abort();
    await w.clock.run(ended);
  },
);

test('a stack is not told to be quiet while a value of another stack, which only it reads, is on its way', async () => {
  const space = new SimulatedSpace({ delay: () => w.wait(10), didArrive: () => {} });
  const w: World = world(
    {
      p: async ({ inputs, outputs }) => {
        await outputs.early(1);
        return inputs.b;
      },
      q: ({ read }) => read(['default', 's', 'p', 'early']),
    },
    { space },
  );
  const stopped = new AbortController();
  const ended = failure(w.start('p: Stream b=@other.x.y', { signal: stopped.signal }));
  await w.clock.advance(1);
  const reader = w.start('q: Stream', { stack: 't' });
  await w.clock.advance(1);
  expect(await w.engine.waiting('t')).toMatchObject([
    { reader: 'q', writer: 'running', reason: "'p' has written it, and it is on its way" },
  ]);
  await w.clock.run(reader);
  expect(w.of('stack:didQuiesce').map(({ stack }) => stack)).toEqual(['s']);
  stopped.abort();
  await w.clock.run(ended);
});
