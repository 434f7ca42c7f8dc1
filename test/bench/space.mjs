import { systemClock } from 'hotloom';
import { MemorySpace } from '../../dist/space/memory-space.js';
import { Waits } from '../../dist/space/waits.js';
import { timed } from './timed.mjs';

/** What it costs to write `n` names, each with one blocked reader that wakes. The peer is a promise with its handle. */
export const subjects = {
  'bare deferred promise': (n) => {
    const resolves = [];
    const reads = Array.from({ length: n }, () => new Promise((resolve) => void resolves.push(resolve)));
    return timed(async () => {
      for (let i = 0; i < n; i += 1) {
        resolves[i](i);
        await reads[i];
      }
    });
  },
  'write and wake': (n) => {
    const space = new MemorySpace();
    const names = Array.from({ length: n }, (_, i) => ['default', 'app', `r${i}`, 'value']);
    const reads = names.map((name) => space.read(name));
    return timed(async () => {
      for (let i = 0; i < n; i += 1) {
        space.write(names[i], i);
        await reads[i];
      }
    });
  },
  'deadlock behind a chain': closeChain,
};

export const peer = 'bare deferred promise';

export const sizes = [5000, 10_000, 100_000];

export const sizesOf = { 'deadlock behind a chain': [5000, 10_000] };

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
