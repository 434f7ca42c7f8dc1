import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine, isHotloomError, SqliteStore } from 'hotloom';
import { completeWorld, outputsAreRight, worldOf } from './stack.mjs';

const ENGINE = fileURLToPath(new URL('engine.mjs', import.meta.url));

/**
 * A stack's life in which engines are killed by SIGKILL at random instants: it is created (or fails and is rolled back),
 * updated (or fails in that and is rolled back) and deleted, each action killed up to three times, also while it is resumed. Returns how many kills there were. Throws
 * when the world or the store is not what an undisturbed life would have left.
 *
 * @param {() => number} random numbers from 0 to 1
 * @param {{ create: number, update: number, failUpdate: number, delete: number, fail: number }} durations how long the actions take undisturbed (ms)
 */
export async function playRound(random, durations) {
  const directory = mkdtempSync(join(tmpdir(), 'hotloom-crash-'));
  try {
    const action = random() < 0.25 ? 'fail' : 'create';
    let kills = await act(directory, action, random, durations[action]);
    await check(directory, action);
    if (action === 'create') {
      const change = random() < 0.4 ? 'failUpdate' : 'update';
      kills += await act(directory, change, random, durations[change]);
      await check(directory, change);
    }
    kills += await act(directory, 'delete', random, durations.delete);
    await check(directory, 'delete');
    return kills;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** How long each action takes when nobody is killed (ms). */
export async function measureDurations() {
  const durations = {};
  for (const action of ['create', 'fail']) {
    const directory = mkdtempSync(join(tmpdir(), 'hotloom-crash-'));
    try {
      durations[action] = (await runEngine(directory, action)).ms;
      await check(directory, action);
      for (const change of action === 'create' ? ['failUpdate', 'update'] : []) {
        durations[change] = (await runEngine(directory, change)).ms;
        await check(directory, change);
      }
      durations.delete = (await runEngine(directory, 'delete')).ms;
      await check(directory, 'delete');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  return durations;
}

/** Does the action with engines that are killed, one to three times, and one that is not. Returns the number of kills. */
async function act(directory, action, random, durationMs) {
  const wanted = 1 + Math.floor(random() * 3);
  let next = action;
  let kills = 0;
  for (let attempt = 0; attempt < wanted; attempt += 1) {
    const { wasKilled } = await runEngine(directory, next, random() * durationMs);
    if (!wasKilled) return kills;
    kills += 1;
    next = await whatIsNext(directory, action);
    if (next === undefined) return kills;
  }
  await runEngine(directory, next);
  return kills;
}

/** Runs one engine to its end, or kills it so many ms after it has begun. Returns how long it was at work (ms). */
async function runEngine(directory, action, killAfterMs) {
  const child = fork(ENGINE, [directory, action], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  let told;
  let began = 0;
  let ended = 0;
  child.on('message', (message) => {
    if (message === 'began') {
      began = performance.now();
      if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    } else {
      told = message.ended;
      ended = performance.now();
    }
  });
  const [, signal] = await exited;
  if (signal === 'SIGKILL' && told === undefined) return { wasKilled: true, ms: killAfterMs };
  // What a failure leaves is looked at in the store and in the world.
  if (told !== 'well' && !told?.startsWith('StackFailed')) throw new Error(`The engine ended with ${told ?? signal}.`);
  return { wasKilled: false, ms: ended - began };
}

/** How the next engine goes on; undefined when nothing is left to do. */
async function whatIsNext(directory, action) {
  const stack = await look(directory);
  if (stack === undefined) return action === 'delete' ? undefined : action;
  if (stack.isInterrupted) return 'resume';
  // It was killed before it had begun.
  if (action.toLowerCase().endsWith('update') && stack.state === 'CREATE_COMPLETE') return action;
  return action === 'delete' ? 'delete' : undefined;
}

async function check(directory, action) {
  const stack = await look(directory);
  const world = worldOf(directory);
  const expected = {
    create: ['CREATE_COMPLETE', completeWorld()],
    update: ['UPDATE_COMPLETE', completeWorld()],
    failUpdate: ['ROLLBACK_COMPLETE', completeWorld()],
    fail: ['ROLLBACK_COMPLETE', []],
    delete: [undefined, []],
  }[action];
  const found = [stack?.state, world];
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(
      `After '${action}' the stack is ${found[0]} and the world has ${world}; expected ${expected[0]}, ${expected[1]}. ${stack?.reason ?? ''}`,
    );
  }
  if (action === 'fail' || action === 'delete') return;
  if (!outputsAreRight(stack.outputs, action === 'update' ? 2 : 1))
    throw new Error(`The outputs are wrong: ${JSON.stringify(stack.outputs)}`);
  const incomplete = stack.resources.filter(({ status }) => status !== 'COMPLETE').map(({ name }) => name);
  if (stack.resources.length !== 50 || incomplete.length > 0) {
    throw new Error(`The store has ${stack.resources.length} resources; not complete: ${incomplete}.`);
  }
}

async function look(directory) {
  const engine = new Engine({ store: SqliteStore.open(join(directory, 'store.db')) });
  try {
    return await engine.show('s');
  } catch (error) {
    if (isHotloomError(error, 'EntityNotFound')) return undefined;
    throw error;
  } finally {
    await engine.close();
  }
}
