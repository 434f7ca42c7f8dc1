import { systemClock } from 'hotloom';
import { MemorySpace } from '../../dist/space/memory-space.js';
import { Waits } from '../../dist/space/waits.js';
import { closeEngineChain } from './deadlock.mjs';
import { timed } from './timed.mjs';

/**
 * What it costs to write a name for which one reader is blocked, up to the moment at which that reader goes on: of `n`
 * readers each writes, when it wakes, the name that the next one waits for. Who is next has nothing to do with who came
 * next, so no processor reads ahead for either side. The peer is a promise with its handle, which is at hand without a name;
 * the second one finds the handle in a Map by the resource's name, the least that a lookup costs. 'In order' is the same
 * for readers that wake in the order in which they came: the handles lie side by side then, and cost next to nothing.
 * There the space looks at the cell that came after the one that was written last, and finds it without a look-up.
 */
export const subjects = {
  'bare deferred promise': (n) => wakeBare(shuffled(n)),
  'the same, in a Map by name': (n) => wakeMapped(shuffled(n)),
  'write and wake': (n) => wakeNamed(shuffled(n)),
  'in order, bare': (n) => wakeBare(inOrder(n)),
  'in order, in a Map by name': (n) => wakeMapped(inOrder(n)),
  'in order, write and wake': (n) => wakeNamed(inOrder(n)),
  'deadlock behind a chain': closeChain,
  'deadlock, engine': (n) => closeEngineChain(n, ['one']),
  'deadlock, engine, all released': (n) => closeEngineChain(n, ['one'], { isReleased: true }),
  'deadlock, engine, two stacks': (n) => closeEngineChain(n, ['one', 'two']),
};

export const peer = 'bare deferred promise';

/** Less than a microsecond each, so they take turns in one process. A deadlock is found once, and that is not warm. */
export const warm = Object.keys(subjects).filter((subject) => !subject.startsWith('deadlock'));

export const sizes = [1000, 10_000, 20_000, 40_000, 100_000];

export const sizesOf = {
  ...Object.fromEntries(warm.map((subject) => [subject, [1000, 10_000, 100_000]])),
  'deadlock behind a chain': [10_000, 20_000, 40_000],
  'deadlock, engine': [1000, 10_000],
  'deadlock, engine, all released': [1000, 10_000],
  'deadlock, engine, two stacks': [1000, 10_000],
};

function wakeBare({ first, next, last }) {
  const resolves = [];
  const reads = Array.from(next, () => new Promise((resolve) => void resolves.push(resolve)));
  const readers = reads.map(async (read, i) => {
    const value = await read;
    if (i !== last) resolves[next[i]](value + 1);
  });
  return timed(() => {
    resolves[first](0);
    return readers[last];
  });
}

function wakeMapped({ first, next, last }) {
  const resolves = new Map();
  const names = namesOf(next.length);
  const reads = names.map((name) => new Promise((resolve) => void resolves.set(name[2], resolve)));
  const readers = reads.map(async (read, i) => {
    const value = await read;
    if (i !== last) resolves.get(names[next[i]][2])(value + 1);
  });
  return timed(() => {
    resolves.get(names[first][2])(0);
    return readers[last];
  });
}

function wakeNamed({ first, next, last }) {
  const space = new MemorySpace();
  const names = namesOf(next.length);
  const readers = names.map(async (name, i) => {
    const value = await space.read(name);
    if (i !== last) space.write(names[next[i]], value + 1);
  });
  return timed(() => {
    space.write(names[first], 0);
    return readers[last];
  });
}

/**
 * A space with names and readers that lives while others come and go, as in a tool. Without it a garbage collection would
 * undo the warm-up: V8 drops compiled code together with the last objects of the shapes that it was compiled for.
 */
export const living = livingSpace();

function livingSpace() {
  const space = new MemorySpace();
  const reads = namesOf(10).map((name) => space.read(name));
  space.write(['default', 'app', 'r0', 'value'], 1);
  space.subscribe(['default', 'app', 'r1', 'value'], () => {});
  return { space, reads };
}

function namesOf(n) {
  return Array.from({ length: n }, (_, i) => ['default', 'app', `r${i}`, 'value']);
}

function inOrder(n) {
  return walkOf(Array.from({ length: n }, (_, i) => i));
}

/** The same order in each run. */
function shuffled(n) {
  const order = Array.from({ length: n }, (_, i) => i);
  let state = 1;
  for (let i = n - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return walkOf(order);
}

/** Who wakes whom. */
function walkOf(order) {
  const next = new Array(order.length).fill(0);
  for (let i = 1; i < order.length; i += 1) next[order[i - 1]] = order[i];
  return { first: order[0], next, last: order.at(-1) };
}

/**
 * Reader i waits for reader i + 1, and the last one for the first: how long it takes to find that, from the moment at
 * which the last one blocks.
 */
function closeChain(n) {
  let found = 0;
  const waits = new Waits({
    clock: systemClock,
    stallTimeoutMs: 30_000,
    didStall: () => {},
    didDeadlock: () => {
      found += 1;
    },
  });
  const party = (i) => ({ space: 'default', stack: 'app', resource: `r${i}` });
  const reads = Array.from({ length: n }, (_, i) => {
    const missing = [{ ...party((i + 1) % n), attribute: 'value' }];
    return { reader: party(i), input: 'peer', missing: () => missing, reject: () => {} };
  });
  const isBlocked = new Uint8Array(n);
  waits.join('default', 'app', {
    blockers: (resource) => {
      const i = Number(resource.slice(1));
      return isBlocked[i] === 0 ? [] : [{ input: 'peer', missing: reads[i].missing(), isNeeded: true, read: reads[i] }];
    },
  });
  isBlocked.fill(1);
  const result = timed(() => waits.didBlock(reads[n - 1]));
  if (found !== 1) throw new Error('The deadlock was not found.');
  return result;
}
