import type { EngineOptions } from '../../src/engine-options.ts';
import { type HotloomError, isHotloomError } from '../../src/errors.ts';
import { type Behaviours, World } from './world.ts';

const made: World[] = [];

/** A world that `closeWorlds` closes. */
export function world(behaviours: Behaviours = {}, options: EngineOptions = {}): World {
  const world = new World(behaviours, options);
  made.push(world);
  return world;
}

/** For `afterEach`. A handler that hangs is given up in simulated time; a world that cannot be closed is SimulationStuck. */
export async function closeWorlds(): Promise<void> {
  for (const world of made.splice(0)) await world.clock.run(world.engine.close());
}

/** What the action rejects with. */
export async function failure(action: Promise<unknown>): Promise<HotloomError> {
  try {
    await action;
  } catch (error) {
    if (isHotloomError(error)) return error;
    throw error;
  }
  throw new Error('The action did not fail.');
}

/** A promise with its handle: where a test waits for nothing but what it says itself. */
export class Gate {
  open: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

/** Rejects with the signal's reason, as a handler does that heeds it. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** A handler that does not heed its signal. */
export function forever(): Promise<never> {
  return new Promise(() => {});
}
