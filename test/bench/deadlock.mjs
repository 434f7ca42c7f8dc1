import { defineStreamingType, Engine, isHotloomError } from 'hotloom';
import { timed } from './timed.mjs';

/**
 * How long it takes a whole engine to find a deadlock: of `n` streaming resources, in turns of these stacks, each is blocked on
 * an input that the one before it writes, and the first one closes the circle by a read by name, which no check before the run
 * sees. Measured is from that read on until the deadlock is told of; or, `isReleased`, until its handler, the last of them all, has
 * the error. The handler takes the time itself: a few turns of the microtasks later much of what comes after, the failing of
 * the stack, would be in it.
 */
export async function closeEngineChain(n, stacks, { isReleased = false } = {}) {
  living ??= await blockChain(12, ['other']);
  const { engine, close, ended, told } = await blockChain(n, stacks);
  const found = isReleased ? undefined : deadlockTold(engine);
  let ms;
  const { bytes } = await timed(async () => {
    const { startMs, endMs } = await close();
    ms = ((await found) ?? endMs) - startMs;
  });
  await ended;
  if (told.size !== n) throw new Error(`Only ${told.size} of ${n} were told of the deadlock.`);
  await engine.close();
  return { ms, bytes };
}

/** The time at which the first event of a deadlock is heard. */
function deadlockTold(engine) {
  return new Promise((resolve) => {
    const stop = engine.onEvent(({ type }) => {
      if (type !== 'read:didDeadlock') return;
      stop();
      resolve(performance.now());
    });
  });
}

/** Another engine with such a chain, which is never closed: so that warm code stays, as `living` in space.mjs. */
export let living;

/** An engine with a chain in which all are blocked but the first. */
async function blockChain(n, stacks) {
  const told = new Set();
  let closeCircle;
  const closing = new Promise((resolve) => {
    closeCircle = resolve;
  });
  let firstDidFail;
  const firstFailed = new Promise((resolve) => {
    firstDidFail = resolve;
  });
  const stackOf = (i) => stacks[i % stacks.length];
  const readOf = (i) =>
    stacks.length === 1 ? { get_attr: [`r${i}`, 'value'] } : { get_data: `${stackOf(i)}.r${i}.value` };
  const Chained = defineStreamingType({
    name: 'Bench::Chained',
    properties: { before: {} },
    attributes: { value: { schema: {} } },
    handler: {
      create: async ({ resource, inputs, outputs, read }) => {
        const isFirst = resource.name === 'r0';
        if (isFirst) await closing;
        const start = performance.now();
        try {
          const last = ['default', stackOf(n - 1), `r${n - 1}`, 'value'];
          await outputs.value(await (isFirst ? read(last) : inputs.before));
        } catch (error) {
          if (isFirst) firstDidFail({ startMs: start, endMs: performance.now() });
          if (isHotloomError(error, 'Deadlock')) told.add(resource.name);
          throw error;
        }
      },
    },
  });
  const engine = new Engine({
    types: [Chained],
    limits: { maxResources: n, maxTemplateSize: Number.MAX_SAFE_INTEGER },
  });
  const areBlocked = blocked(engine, n - 1);
  const created = stacks.map((stack, first) => {
    const resources = {};
    for (let i = first; i < n; i += stacks.length) {
      resources[`r${i}`] = { type: Chained.name, properties: i === 0 ? {} : { before: readOf(i - 1) } };
    }
    return engine.create({ stack, template: { heat_template_version: 'hotloom-1', resources } });
  });
  const ended = Promise.allSettled(created);
  await areBlocked;
  const close = () => {
    closeCircle();
    return firstFailed;
  };
  return { engine, close, ended, told };
}

/** Resolves when so many reads are blocked; nobody hears the engine's events any more then. */
function blocked(engine, count) {
  let left = count;
  return new Promise((resolve) => {
    const stop = engine.onEvent(({ type }) => {
      if (type === 'read:willBlock') left -= 1;
      if (left > 0) return;
      stop();
      // The last one is told of before it is searched from.
      setImmediate(resolve);
    });
  });
}
