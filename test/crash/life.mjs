import { ACTIONS } from './actions.mjs';
import { completeWorld, filesWith, outputsThatAreWrong, worldOf } from './count.mjs';
import { Operator } from './operator.mjs';
import { planLife } from './plan-life.mjs';
import { LEASE_MS, secretOf } from './stack.mjs';
import { World } from './world.mjs';

/**
 * A stack's life in which engines are disturbed at random instants: killed by SIGKILL, or paused by SIGSTOP and continued
 * while another one has taken over or after that. What is done to it, and when that is disturbed, is `planLife` of the seed; each
 * action is disturbed up to three times, also while it is resumed. Returns the numbers of `kills`, of `pauses`, and of engines
 * that have `lost` their claims by those. Throws when the world or the store is not what an undisturbed life would have
 * left; the world then stays as it is, but for its processes, and the message tells where.
 *
 * @param {number} seed
 * @param {{ [action: string]: number }} durations how long the actions take undisturbed (ms)
 * @param {AbortSignal} stopping ends the life before its time; rejects with its reason then, and nothing is left
 */
export async function playLife(seed, durations, stopping) {
  const counts = { kills: 0, pauses: 0, lost: 0 };
  await inWorld(`${seed}`, stopping, async (world, operator) => {
    let before;
    let kept;
    for (const step of planLife(seed)) {
      const life = { ...step, before, kept, directory: world.directory };
      world.log(`STEP ${JSON.stringify(step)}`);
      await act(world, operator, life, durations, counts);
      before = await check(operator, life);
      if (step.action === 'snapshot') kept = before;
    }
  });
  return counts;
}

/** How long each action takes when nobody is disturbed (ms). */
export async function measureDurations(stopping) {
  const durations = {};
  const lives = ['create failUpdate snapshot update restore check suspend wake delete', 'fail delete'];
  for (const actions of lives) {
    await inWorld('undisturbed', stopping, async (world, operator) => {
      let before;
      for (const [index, action] of actions.split(' ').entries()) {
        const life = { action, version: index + 1, before, kept: 1, disturbances: [], directory: world.directory };
        durations[action] = await act(world, operator, life, durations, {});
        before = await check(operator, life);
      }
    });
  }
  const { update } = durations;
  return { ...durations, supersede: 2 * update, cancel: update, stop: update };
}

async function inWorld(name, stopping, live) {
  const world = new World(name, stopping);
  const operator = new Operator(world);
  let isKept = false;
  try {
    await live(world, operator);
    await operator.leave();
    world.throwIfOver();
  } catch (error) {
    await operator.leave();
    // What fails while everything is being ended says nothing.
    stopping.throwIfAborted();
    isKept = true;
    const cause = world.failure ?? error;
    world.log(cause.stack);
    throw new Error(
      `${cause.message}\n  Seed ${name}; its life.log, the engines' logs, the store and the things are in ${world.directory}`,
      {
        cause: error,
      },
    );
  } finally {
    await world.end();
    if (!isKept) world.remove();
  }
}

/**
 * Does the action with engines that are disturbed, and then with one that is not. Returns how long that one was at work (ms).
 */
async function act(world, operator, life, durations, counts) {
  const { action, version, disturbances, wakeAt } = life;
  const durationMs = durations[action];
  const { isDone, beside, otherwise } = ACTIONS[action];
  const start = (next) => world.start({ action: next, version, at: life.supersedesAt * durations.update });
  const whatIsNext = async (usual) => {
    const stack = await operator.look();
    world.log(`the stack is ${stack?.state}`);
    if (stack?.status === 'IN_PROGRESS') return 'resume';
    return isDone(stack, life) ? undefined : usual;
  };
  const helper = beside === undefined ? undefined : start(beside);
  const helped = helper && letWork(helper, life.besideUntil, durationMs, counts);
  // Told below.
  helped?.catch(() => {});
  if (helper !== undefined) await helper.worked(durationMs * life.supersedesAt);
  const paused = [];
  let next = action;
  for (const { at, kind } of disturbances) {
    if (next === undefined) break;
    const engine = start(next);
    await engine.worked(at * durationMs);
    if (kind === 'kill') {
      if (await engine.kill()) counts.kills += 1;
      else await engine.ended();
    } else if (await engine.pause()) {
      counts.pauses += 1;
      paused.push(engine);
      // The lease of the one that is paused has to be over.
      await world.pause(LEASE_MS);
    } else await engine.ended();
    next = await whatIsNext(action);
  }
  const last = next === undefined ? undefined : start(next);
  // Those that were paused wake up while the last one is at work, or after it.
  if (wakeAt === undefined) await last?.ended();
  else await last?.worked(wakeAt * durationMs);
  for (const engine of paused) engine.continue();
  for (const engine of [...paused, ...(last === undefined ? [] : [last])]) await engine.ended();
  counts.lost += paused.filter(({ told }) => told.startsWith('ClaimLost')).length;
  await helped;
  // One that came late may have been in the way of the last one.
  const usual = otherwise ?? action;
  next = await whatIsNext(usual);
  for (let tries = 0; next !== undefined; tries += 1) {
    if (tries === MOST_TRIES) throw new Error(`After ${tries} engines more '${action}' is still not done.`);
    await start(next).ended();
    next = await whatIsNext(usual);
  }
  return last?.ms;
}

/** How many engines may be in each other's way. */
const MOST_TRIES = 20;

/** An engine beside those that the action is done with: it is killed, or comes to its end. */
async function letWork(engine, until, durationMs, counts) {
  if (until >= 1) return engine.ended();
  await engine.worked(until * durationMs);
  if (await engine.kill()) counts.kills += 1;
}

/** Throws when something is not as it has to be after the action. Returns the version of the stack. */
async function check(operator, life) {
  const { action, directory } = life;
  const stack = await operator.look();
  const { ends, version: versionAfter } = ACTIONS[action];
  const version = versionAfter(life, stack);
  const isAsleep = stack?.resources.some(({ isSuspended }) => isSuspended) ?? false;
  const expected = [ends(stack), version === undefined ? [] : completeWorld({ version, isAsleep, directory })];
  const found = [stack?.state, worldOf(directory)];
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(
      `After '${action}' the stack is ${found[0]}, expected ${expected[0]}. ${differences(found[1], expected[1])} ${stack?.reason ?? ''}`,
    );
  }
  const open = filesWith(directory, secretsUpTo(life.version));
  if (open.length > 0) throw new Error(`A secret stands in ${open}.`);
  if (stack === undefined) return undefined;
  const endless = (await operator.history()).filter(
    ({ status, isInterrupted }) => status === 'IN_PROGRESS' && !isInterrupted,
  );
  if (endless.length > 0) throw new Error(`These operations of the history have not ended: ${JSON.stringify(endless)}`);
  if (version === undefined) return undefined;
  const wrong = outputsThatAreWrong(stack.outputs, version);
  if (wrong.length > 0) throw new Error(`These outputs are wrong: ${JSON.stringify(wrong)}`);
  const incomplete = stack.resources.filter(({ status }) => status !== 'COMPLETE').map(({ name }) => name);
  if (stack.resources.length !== 50 || incomplete.length > 0) {
    throw new Error(`The store has ${stack.resources.length} resources; not complete: ${incomplete}.`);
  }
  return version;
}

function differences(found, expected) {
  const less = (from, these) => {
    const left = [...from];
    for (const each of these) if (left.includes(each)) left.splice(left.indexOf(each), 1);
    return left;
  };
  return `Too much in the world: ${less(found, expected)}; missing: ${less(expected, found)}.`;
}

/** Also those of the updates that were superseded. */
function secretsUpTo(version) {
  return Array.from({ length: version }, (_, index) => [secretOf(index + 1), secretOf(index + 101)]).flat();
}
