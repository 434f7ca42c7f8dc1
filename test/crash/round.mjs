import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, isHotloomError, SqliteStore } from 'hotloom';
import { ChildEngine } from './child-engine.mjs';
import { completeWorld, LEASE_MS, outputsAreRight, worldOf } from './stack.mjs';

/**
 * How an engine may end. It was refused when another one has done, or does, the same: one that was paused before it had begun
 * comes late, and one that was paused in the middle has lost its claim.
 */
const ENDINGS = /^(well$|StackFailed:|ClaimLost:|ActionInProgress:|StackExists:|EntityNotFound:)/;

/**
 * A stack's life in which engines are disturbed at random instants: killed by SIGKILL, or paused by SIGSTOP and continued
 * while another one has taken over or after that. It is created (or fails and is rolled back), updated (or fails in that and
 * is rolled back) and deleted; each action is disturbed up to three times, also while it is resumed. Returns the numbers of
 * `kills`, of `pauses`, and of engines that have `lost` their claims by those. Throws when the world or the store is not what
 * an undisturbed life would have left.
 *
 * @param {() => number} random numbers from 0 to 1
 * @param {{ create: number, update: number, failUpdate: number, delete: number, fail: number }} durations how long the actions take undisturbed (ms)
 */
export async function playRound(random, durations) {
  const counts = { kills: 0, pauses: 0, lost: 0 };
  await inWorld(async (directory) => {
    const action = random() < 0.25 ? 'fail' : 'create';
    const actions = [action, ...(action === 'create' ? [random() < 0.4 ? 'failUpdate' : 'update'] : []), 'delete'];
    for (const each of actions) {
      await act(directory, each, random, durations[each], counts);
      await check(directory, each);
    }
  });
  return counts;
}

/** How long each action takes when nobody is disturbed (ms). */
export async function measureDurations() {
  const durations = {};
  for (const actions of [
    ['create', 'failUpdate', 'update', 'delete'],
    ['fail', 'delete'],
  ]) {
    await inWorld(async (directory) => {
      for (const action of actions) {
        const engine = new ChildEngine(directory, action);
        await engine.ended();
        durations[action] = engine.ms;
        await check(directory, action);
      }
    });
  }
  return durations;
}

async function inWorld(live) {
  const directory = mkdtempSync(join(tmpdir(), 'hotloom-crash-'));
  try {
    await live(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Does the action with engines that are disturbed, one to three times, and then with one that is not. */
async function act(directory, action, random, durationMs, counts) {
  const paused = [];
  try {
    const wanted = 1 + Math.floor(random() * 3);
    let next = action;
    for (let attempt = 0; attempt < wanted && next !== undefined; attempt += 1) {
      const engine = new ChildEngine(directory, next);
      await engine.worked(random() * durationMs);
      if (random() < 0.6) {
        if (await engine.kill()) counts.kills += 1;
      } else if (await engine.pause()) {
        counts.pauses += 1;
        paused.push(engine);
        // The lease of the one that is paused has to be over.
        await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
      } else await end(engine);
      next = await whatIsNext(directory, action);
    }
    const last = next === undefined ? undefined : new ChildEngine(directory, next);
    // Those that were paused wake up while the last one is at work, or after it.
    if (random() < 0.5) await last?.worked(random() * durationMs);
    else await last?.ended();
    for (const engine of paused) engine.continue();
    for (const engine of [...paused, ...(last === undefined ? [] : [last])]) await end(engine);
    counts.lost += paused.filter(({ told }) => told.startsWith('ClaimLost')).length;
  } finally {
    for (const engine of paused) await engine.kill();
  }
  // One that came late may have been in the way of the last one.
  for (let next = await whatIsNext(directory, action); next !== undefined; next = await whatIsNext(directory, action)) {
    await end(new ChildEngine(directory, next));
  }
}

async function end(engine) {
  await engine.ended();
  if (!ENDINGS.test(engine.told ?? '')) throw new Error(`An engine ended with ${engine.told}.`);
}

/** How the next engine goes on; undefined when nothing is left to do. */
async function whatIsNext(directory, action) {
  const stack = await look(directory);
  if (stack === undefined) return action === 'delete' ? undefined : action;
  if (stack.status === 'IN_PROGRESS') return 'resume';
  // The engine was disturbed before it had begun.
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
