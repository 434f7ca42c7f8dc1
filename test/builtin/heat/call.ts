import type { Clock, Randomness } from '../../../src/clock.ts';
import type { DeleteCall, PlainCreateCall } from '../../../src/resource/handler.ts';
import { convertProperties } from '../../../src/resource/properties.ts';
import type { ResourceType } from '../../../src/resource/resource-type.ts';
import type { JsonObject } from '../../../src/values.ts';

/** What a handler did, and the means to move its time. */
export interface Trial {
  /** The handler's result; rejects as the handler does. */
  readonly result: Promise<unknown>;
  readonly ids: readonly string[];
  readonly data: readonly JsonObject[];
  /** Moves the clock and lets the handler go on. */
  pass(seconds: number): Promise<void>;
  cancel(reason: Error): void;
  readonly timers: number;
}

/** Creates a resource of a plain type by its handler alone. */
export function tryCreate(type: ResourceType, given: JsonObject, randomness: Randomness = countingRandomness()): Trial {
  const properties = convertProperties(type, given);
  return run(randomness, (call) => type.handler.create({ ...call, properties } as never));
}

/** Deletes a resource by its handler alone. */
export function tryDelete(type: ResourceType, data: JsonObject): Trial {
  return run(countingRandomness(), (call) => type.handler.delete?.({ ...call, resourceId: 'id', data } as DeleteCall));
}

function run(randomness: Randomness, start: (call: PlainCreateCall<JsonObject>) => unknown): Trial {
  const abort = new AbortController();
  const ids: string[] = [];
  const data: JsonObject[] = [];
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  let now = 1_700_000_000_000;
  const clock: Clock = {
    now: () => now,
    schedule(delayMs, fire) {
      const timer = { at: now + delayMs, run: fire };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
  };
  const call = {
    resource: {
      space: 'default',
      stack: 'app',
      stackId: 'b0e5cf1e-3f3a-4f0e-9d58-0a4c2b1a5f11',
      name: 'r',
      type: 'T',
      physicalName: 'app-r-abcdefghijkl',
    },
    token: 'token',
    signal: abort.signal,
    clock,
    randomness,
    log: () => {},
    setResourceId: async (id: string) => void ids.push(id),
    setData: async (recorded: JsonObject) => void data.push(recorded),
  } as unknown as PlainCreateCall<JsonObject>;
  const result = Promise.resolve(start(call));
  // Whoever looks at the result sees its rejection; a trial that is not awaited does not end the process.
  result.catch(() => {});
  return {
    result,
    ids,
    data,
    async pass(seconds) {
      await settle();
      now += seconds * 1000;
      for (const timer of [...timers]) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.run();
      }
      await settle();
    },
    cancel: (reason) => abort.abort(reason),
    get timers() {
      return timers.size;
    },
  };
}

/** Lets every promise that is due run: none of the handlers waits for anything but the clock. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Bytes from a small generator (mulberry32), so that a test draws the same ones each time. */
export function seededRandomness(seed: number): Randomness {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
  return { uuid: () => `uuid-${seed}`, bytes: (size) => Uint8Array.from({ length: size }, next) };
}

function countingRandomness(): Randomness {
  return seededRandomness(1);
}
