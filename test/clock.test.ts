import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { systemClock, systemRandomness } from '../src/clock.ts';
import { SimulatedClock, seededRandomness } from '../src/simulated-clock.ts';

const HOUR = 3_600_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const sleep = (clock: SimulatedClock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.schedule(ms, resolve);
  });

describe('SimulatedClock', () => {
  test('time stands still until it is let go', async () => {
    const clock = new SimulatedClock(5000);
    let fired = false;
    clock.schedule(1, () => {
      fired = true;
    });
    expect([clock.now(), fired, clock.pendingTimers]).toEqual([5000, false, 1]);
    await clock.advance(1);
    expect([clock.now(), fired, clock.pendingTimers]).toEqual([5001, true, 0]);
  });

  test('timers fire by their time, then in the order in which they were scheduled', async () => {
    const clock = new SimulatedClock();
    const fired: string[] = [];
    const delays = [30, 10, 20, 10, 0, -5, 30, 20, 10];
    delays.forEach((delay, index) => void clock.schedule(delay, () => fired.push(`${index}@${clock.now()}`)));
    await clock.runUntilIdle();
    expect(fired).toEqual(['4@0', '5@0', '1@10', '3@10', '8@10', '2@20', '7@20', '0@30', '6@30']);
  });

  test('advance stops in time, and fires what timers schedule on the way', async () => {
    const clock = new SimulatedClock();
    const ticks: number[] = [];
    const tick = (): void => {
      ticks.push(clock.now());
      clock.schedule(10, tick);
    };
    clock.schedule(10, tick);
    await clock.advance(35);
    expect([ticks, clock.now()]).toEqual([[10, 20, 30], 35]);
  });

  test('a cancelled timer does not fire', async () => {
    const clock = new SimulatedClock();
    const timer = clock.schedule(1, () => {
      throw new Error('fired');
    });
    timer.cancel();
    timer.cancel();
    expect(clock.pendingTimers).toBe(0);
    await clock.runUntilIdle();
    expect(clock.now()).toBe(0);
  });

  test('run lets hours pass in no time, and no timer fires before present work is done', async () => {
    const clock = new SimulatedClock();
    const work = async (): Promise<readonly (string | number)[]> => {
      const steps: (string | number)[] = [];
      clock.schedule(1, () => steps.push('timer'));
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await readFile(fileURLToPath(import.meta.url));
      steps.push('read a file', clock.now());
      await sleep(clock, 5 * HOUR);
      steps.push(clock.now());
      return steps;
    };
    expect(await clock.run(work())).toEqual(['read a file', 0, 'timer', 5 * HOUR]);
  });

  test('run passes on a rejection, and leaves later timers alone', async () => {
    const clock = new SimulatedClock();
    clock.schedule(HOUR, () => {});
    await expect(clock.run(sleep(clock, 5).then(() => Promise.reject(new Error('boom'))))).rejects.toThrow('boom');
    expect([clock.now(), clock.pendingTimers]).toEqual([5, 1]);
  });

  test('run says so when the promise cannot settle any more', async () => {
    const clock = new SimulatedClock();
    clock.schedule(7, () => {});
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow(
      [
        'The promise cannot settle: at 7 ms nothing is left to do, and no timer is scheduled.',
        '  Somebody waits for what nobody does, or for real time: a child process, a socket.',
        '  Look for the blocked read (stack.waiting()), or run this test on the system clock.',
      ].join('\n'),
    );
  });

  test('run says so when only housekeeping goes on, and what is to come counts', async () => {
    const clock = new SimulatedClock();
    let fired = 0;
    const renew = (): void => {
      fired += 1;
      clock.schedule(1000, renew);
    };
    renew();
    const awaited = new Promise<void>((resolve) => void clock.schedule(200_000_500, resolve, { keepAlive: true }));
    await clock.run(awaited);
    expect([fired, clock.now()]).toEqual([200_001, 200_000_500]);
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow(
      [
        'The promise cannot settle: by 300000000 ms only timers that keep nothing alive have fired, 100000 in a row.',
        '  Somebody waits for what nobody does; an engine that renews its claim, say, goes on meanwhile.',
        '  Look for the blocked read (stack.waiting()), or schedule what is waited for with keepAlive.',
      ].join('\n'),
    );
  });

  test('run says so at once when all that goes on only repeats itself, though it keeps the process alive', async () => {
    const clock = new SimulatedClock();
    let fired = 0;
    const look = (): void => {
      fired += 1;
      clock.schedule(50, look, { keepAlive: true, repeats: true });
    };
    look();
    await clock.run(sleep(clock, HOUR));
    expect([fired, clock.now()]).toEqual([72_000, HOUR]);
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow(
      [
        'The promise cannot settle: by 3624950 ms only timers that repeat themselves have fired, 500 in a row.',
        '  Somebody waits for what nobody does: for a name, say, that no stack declares and nobody outside writes.',
        '  Look for the blocked read (stack.waiting()), or write the name.',
      ].join('\n'),
    );
  });
});

describe('several calls of simulated clocks at the same time', () => {
  test.each([
    { of: 'one clock', clocks: (one: SimulatedClock) => [one, one] },
    { of: 'two clocks', clocks: (one: SimulatedClock) => [one, new SimulatedClock()] },
  ])('of $of go on, one timer after the other, to the end of each', async ({ clocks }) => {
    const [one, other] = clocks(new SimulatedClock()) as [SimulatedClock, SimulatedClock];
    const steps: string[] = [];
    const work = async (clock: SimulatedClock, name: string): Promise<void> => {
      for (const ms of [5, 5]) {
        await sleep(clock, ms);
        await new Promise((resolve) => setImmediate(resolve));
        steps.push(`${name} ${clock.now()}`);
      }
    };
    await Promise.all([
      one.run(work(one, 'a')),
      other.run(work(other, 'b')),
      expect(other.run(new Promise(() => {}))).rejects.toThrow('The promise cannot settle: at 10 ms nothing is left'),
    ]);
    expect(steps.sort()).toEqual(['a 10', 'a 5', 'b 10', 'b 5']);
  });
});

describe('seededRandomness', () => {
  test('repeats from its seed', () => {
    const draw = (seed: number): unknown[] => {
      const random = seededRandomness(seed);
      return [random.uuid(), [...random.bytes(5)], random.uuid()];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(new Set(Array.from({ length: 1000 }, (_, seed) => JSON.stringify(draw(seed)))).size).toBe(1000);
    expect(draw(2 ** 40)).not.toEqual(draw(0));
    expect(seededRandomness(1).uuid()).toBe('776f656a-7863-42f7-aa28-aa2e3f0f8bf4');
  });

  test('its UUIDs are of version 4, and its bytes spread', () => {
    const random = seededRandomness(42);
    expect(Array.from({ length: 200 }, () => random.uuid()).every((uuid) => UUID.test(uuid))).toBe(true);
    expect(new Set(random.bytes(4096)).size).toBe(256);
    expect(random.bytes(0)).toHaveLength(0);
  });
});

describe('the system', () => {
  test('tells the time and calls once, unless cancelled', async () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
    systemClock
      .schedule(0, () => {
        throw new Error('fired');
      })
      .cancel();
    await new Promise<void>((resolve) => {
      systemClock.schedule(0, resolve, { keepAlive: true });
    });
  });

  describe('calls once after a delay that is longer than a timer of Node can be', () => {
    const DAY = 24 * HOUR;
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    test.each([
      [2 ** 31 - 1, [0, 1]],
      [2 ** 31, [0, 1]],
      [30 * DAY, [0, 1]],
      [90 * DAY, [0, 1]],
      [Number.POSITIVE_INFINITY, [0, 0]],
    ])('%p ms', (delay, calls) => {
      let called = 0;
      const timer = systemClock.schedule(delay, () => {
        called += 1;
      });
      const seen: number[] = [];
      for (const ms of [Math.min(delay, 1000 * DAY) - 1, 1]) {
        jest.advanceTimersByTime(ms);
        seen.push(called);
      }
      timer.cancel();
      expect([seen, jest.getTimerCount()]).toEqual([calls, 0]);
    });

    test('unless it is cancelled on the way', () => {
      const timer = systemClock.schedule(60 * DAY, () => {
        throw new Error('fired');
      });
      jest.advanceTimersByTime(40 * DAY);
      timer.cancel();
      expect(jest.getTimerCount()).toBe(0);
    });
  });

  test('draws UUIDs and bytes', () => {
    const uuids = Array.from({ length: 1000 }, () => systemRandomness.uuid());
    expect(uuids.filter((uuid) => !UUID.test(uuid))).toEqual([]);
    expect(new Set(uuids).size).toBe(1000);
    expect(systemRandomness.bytes(16)).toHaveLength(16);
  });
});
