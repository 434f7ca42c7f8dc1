import { afterEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { isHotloomError } from '../../src/errors.ts';
import type { Json } from '../../src/values.ts';
import { runs } from '../random.ts';
import type { Behaviours, World } from './world.ts';
import { closeWorlds, forever, world } from './worlds.ts';

afterEach(closeWorlds);

describe('a concurrency', () => {
  test.each([1, 2, Number.POSITIVE_INFINITY])('of %p is taken', async (concurrency) => {
    await new Engine({ concurrency }).close();
  });

  test.each([0, -1, 0.5, 1.5, Number.NaN, Number.NEGATIVE_INFINITY])('of %p is refused', (concurrency) => {
    expect(() => new Engine({ concurrency })).toThrow(
      `A concurrency of ${concurrency} is not possible.
  It says how many handlers may work at a time.
  Give a whole number from 1, or Infinity for no bound.`,
    );
  });
});

test('a handler that waits for the only slot with two values goes on with both when it gets it', async () => {
  const w = world(
    {
      a: async ({ outputs }) => {
        await w.wait(10);
        await outputs.early(1);
        await w.wait(10);
        await outputs.late(2);
        await w.wait(10);
      },
      b: async ({ inputs, outputs }) => {
        const later = async (): Promise<Json> => {
          await w.wait(15);
          return inputs.b;
        };
        await outputs.late(await Promise.all([inputs.a, later()]));
      },
    },
    { concurrency: 1 },
  );
  const { outputs } = await w.create('b: Stream a=a.early b=a.late\na: Stream\n!o=b.late');
  expect([outputs, w.clock.now()]).toEqual([{ o: [1, 2] }, 30]);
});

describe('a readyOrder', () => {
  const last = (count: number): number => count - 1;
  test.each([
    [1, undefined, ['a', 'b', 'c', 'd']],
    [1, last, ['d', 'a', 'b', 'c']], // of four that are ready d, of c, b and a, which then wait for a slot, a
    [2, last, ['d', 'c', 'a', 'b']],
    [Number.POSITIVE_INFINITY, last, ['d', 'c', 'b', 'a']],
  ])('with %p slots chooses who goes on next', async (concurrency, readyOrder, order) => {
    const w = world({}, readyOrder === undefined ? { concurrency } : { concurrency, readyOrder });
    await w.create('a: Plain\nb: Plain\nc: Plain\nd: Plain');
    expect(w.states.filter((state) => state.endsWith('IN_PROGRESS')).map(([name]) => name)).toEqual(order);
  });
});

/** Draws between 0 and 1 that repeat from the seed. */
type Draw = () => number;

function drawFrom(seed: number): Draw {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const STACKS = 3;
const GRACE_MS = 50;
const TIMEOUT_MS = 1000;

/** Three stacks at random that read each other, an outside name and themselves, fail, hang and are cancelled. */
class Storm {
  readonly concurrency: number;
  readonly w: World;
  readonly #draw: Draw;
  readonly #behaviours: Record<string, Behaviours[string]> = {};
  #working = 0;
  mostWorking = 0;

  constructor(seed: number) {
    this.#draw = drawFrom(seed);
    this.concurrency = 1 + this.#below(3);
    const options = { concurrency: this.concurrency, cancelGraceMs: GRACE_MS, stallTimeoutMs: 200 };
    this.w = world(this.#behaviours, options);
  }

  /** Resolves when all stacks have ended, well or not. */
  async blow(): Promise<void> {
    const ended = Array.from({ length: STACKS }, (_, stack) => this.#run(stack));
    this.w.clock.schedule(40, () => void this.w.engine.write('ops.x.y', 1));
    await this.w.clock.run(Promise.all(ended));
  }

  /** How many of as many handlers as there are slots work at the same time. */
  async countFreeSlots(): Promise<number> {
    const names = Array.from({ length: this.concurrency }, (_, index) => `f${index}`);
    this.mostWorking = 0;
    for (const name of names) this.#behaviours[name] = () => this.#work(1);
    await this.w.create(names.map((name) => `${name}: Plain`).join('\n'), { stack: 'final', timeoutMs: 100 });
    return this.mostWorking;
  }

  /** Of those that were refused before they were made there is none. */
  async deleteAll(): Promise<void> {
    for (let stack = 0; stack < STACKS; stack += 1) {
      const deleted = this.w.engine.delete({ stack: `st${stack}`, force: true });
      await this.w.clock.run(deleted.catch((error) => expect(isHotloomError(error, 'EntityNotFound')).toBe(true)));
    }
  }

  async #run(stack: number): Promise<void> {
    const size = 2 + this.#below(5);
    const text = Array.from({ length: size }, (_, index) => this.#resource(stack, index, size)).join('\n');
    const controller = new AbortController();
    if (this.#draw() < 0.5) this.w.clock.schedule(this.#draw() * 60, () => controller.abort());
    const options = {
      stack: `st${stack}`,
      timeoutMs: TIMEOUT_MS,
      rollback: this.#draw() < 0.5,
      signal: controller.signal,
    };
    await this.w.wait(this.#below(30));
    await this.w.start(text, options).catch((error) => expect(isHotloomError(error)).toBe(true));
  }

  #resource(stack: number, index: number, size: number): string {
    const name = `s${stack}r${index}`;
    if (this.#draw() < 0.3) {
      this.#behaviours[name] = this.#plain(this.#draw(), this.#draw());
      const isFree = index === 0 || this.#draw() < 0.7;
      return `${name}: Plain a=${isFree ? '5' : `s${stack}r${this.#below(index)}.late`}`;
    }
    this.#behaviours[name] = this.#streaming(index, [
      this.#draw(),
      this.#draw(),
      this.#draw(),
      this.#draw(),
      this.#draw(),
    ]);
    return `${name}: Stream a=${this.#source(stack, size)} b=${this.#source(stack, size)}`;
  }

  #source(stack: number, size: number): string {
    const kind = this.#draw();
    const resource = this.#below(size);
    if (kind < 0.5) return `s${stack}r${resource}.early`;
    if (kind < 0.8) return `@st${this.#below(STACKS)}.s${this.#below(STACKS)}r${resource}.early`;
    return kind < 0.9 ? '@ops.x.y' : '5';
  }

  #plain(length: number, luck: number): Behaviours[string] {
    return async () => {
      await this.#work(length * 20);
      if (luck < 0.1) throw new Error('x');
      return { late: 1 };
    };
  }

  #streaming(value: number, [first, how, length, byName, hang]: readonly [number, number, number, number, number]) {
    return async ({ inputs, outputs, signal, read }: Parameters<Behaviours[string]>[0]): Promise<void> => {
      if (first < 0.5) await outputs.early(value);
      const both = [inputs.a.then((read) => read), inputs.b.then((read) => read)];
      for (const each of both) each.then(undefined, () => {});
      if (how < 0.3) await Promise.race(both);
      else if (how < 0.6) await Promise.all(both);
      else if (how < 0.8) await Promise.allSettled(both);
      if (byName < 0.2) await read(['default', 'ops', 'x', 'y']);
      // With a read that is still blocked beside it the handler has no slot, so what it does then does not count.
      if (how >= 0.3 && how < 0.8 && !signal.aborted) await this.#work(5);
      await this.w.wait(length * 10);
      await outputs.early(value);
      if (hang < 0.1) await forever();
    };
  }

  async #work(ms: number): Promise<void> {
    this.#working += 1;
    this.mostWorking = Math.max(this.mostWorking, this.#working);
    await this.w.wait(ms);
    this.#working -= 1;
  }

  #below(bound: number): number {
    return Math.floor(this.#draw() * bound);
  }
}

describe('whatever handlers and callers do', () => {
  const seeds = Array.from({ length: runs(60) }, (_, index) => index + 1);
  test.each(seeds)('every stack ends in time, and every slot is free again: seed %i', async (seed) => {
    const storm = new Storm(seed);
    await storm.blow();
    const { clock } = storm.w;
    const end = clock.now();
    // The last create, its time-out and grace, its rollback with those of its own.
    expect(end).toBeLessThanOrEqual(30 + 2 * (TIMEOUT_MS + GRACE_MS));
    expect(await storm.countFreeSlots()).toBe(storm.concurrency);
    expect(clock.now()).toBe(end + 1);
    await storm.deleteAll();
    await clock.run(storm.w.engine.close());
    // What handlers that were given up still wait for, and cancels that came too late.
    await clock.advance(60);
    expect(clock.pendingTimers).toBe(0);
  });
});
