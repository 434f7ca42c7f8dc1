import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Clock } from '../../src/clock.ts';
import {
  type BlockedRead,
  type Blocker,
  type WaitCycle,
  type WaitSource,
  Waits,
  type WaitTarget,
} from '../../src/space/waits.ts';
import { runs } from '../random.ts';

/**
 * A world of blocked reads from a text: `a.in>b.x` says that a's handler is blocked on its input `in`, which misses b's
 * attribute x; `a.in>b.x ~y` says so too, and that a can write y without that input. `a.in>(b)` waits for b to be done.
 */
class World {
  readonly deadlocks: WaitCycle[] = [];
  readonly stalls: WaitCycle[] = [];
  readonly rejected: string[] = [];
  readonly timers: { at: number; run: () => void; isCancelled: boolean }[] = [];
  readonly waits: Waits;
  readonly #reads = new Map<string, { read: BlockedRead; missing: WaitTarget[]; without: string[] }[]>();

  constructor() {
    const clock: Clock = {
      now: () => 0,
      schedule: (at, run) => {
        const timer = { at, run, isCancelled: false };
        this.timers.push(timer);
        return { cancel: () => Object.assign(timer, { isCancelled: true }) };
      },
    };
    this.waits = new Waits({
      clock,
      stallTimeoutMs: 30_000,
      didStall: (cycle) => this.stalls.push(cycle),
      didDeadlock: (cycle) => this.deadlocks.push(cycle),
    });
    for (const stack of ['s', 't']) {
      this.waits.join('default', stack, {
        blockers: (resource, attribute) => this.#blockers(stack, resource, attribute),
      });
    }
  }

  block(text: string): BlockedRead {
    const [, stack = 's', resource = '', input = '', target = '', without = ''] =
      /^(?:(\w)\/)?(\w+)\.(\w+)>(\S+)((?: ~\w+)*)$/.exec(text) ?? [];
    const missing = target.split(',').map(parseTarget);
    const read: BlockedRead = {
      reader: { space: 'default', stack, resource },
      input,
      missing: () => missing,
      reject: () => {
        this.rejected.push(`${resource}.${input}`);
        this.unblock(read);
      },
    };
    const key = `${stack}/${resource}`;
    const reads = this.#reads.get(key) ?? [];
    reads.push({ read, missing, without: [...without.matchAll(/~(\w+)/g)].map((match) => match[1] as string) });
    this.#reads.set(key, reads);
    this.waits.didBlock(read);
    return read;
  }

  unblock(read: BlockedRead): void {
    const key = `${read.reader.stack}/${read.reader.resource}`;
    this.#reads.set(
      key,
      (this.#reads.get(key) ?? []).filter((other) => other.read !== read),
    );
    this.waits.didUnblock(read);
  }

  /** What the resource's read misses is there now, but not all of it. */
  drop(resource: string, name: string): void {
    for (const { missing } of this.#reads.get(`s/${resource}`) ?? []) {
      missing.splice(
        missing.findIndex((target) => `${target.resource}.${target.attribute}` === name),
        1,
      );
    }
  }

  /** The resource's reads miss something more. */
  add(resource: string, name: string): void {
    for (const { missing } of this.#reads.get(`s/${resource}`) ?? []) missing.push(parseTarget(name));
  }

  /** Fires the first timers, by default all. */
  elapse(count = Number.POSITIVE_INFINITY): void {
    for (const timer of this.timers.splice(0, count)) if (!timer.isCancelled) timer.run();
  }

  #blockers(stack: string, resource: string, attribute: string | undefined): Blocker[] {
    return (this.#reads.get(`${stack}/${resource}`) ?? []).map(({ read, missing, without }) => ({
      input: read.input,
      missing,
      isNeeded: attribute === undefined || !without.includes(attribute),
      read,
    }));
  }
}

function parseTarget(text: string): WaitTarget {
  const [, stack = 's', done, resource = done ?? '', attribute] =
    /^(?:(\w)\/)?(?:\((\w+)\)|(\w+)\.(\w+))$/.exec(text) ?? [];
  return { space: 'default', stack, resource, attribute };
}

describe('a deadlock', () => {
  test.each([
    { blocked: ['a.in>b.x', 'b.in>c.x'], rejected: [] },
    { blocked: ['a.in>b.x', 'b.in>a.x'], rejected: ['b.in', 'a.in'] },
    { blocked: ['a.in>a.x'], rejected: ['a.in'] },
    { blocked: ['a.in>b.x', 'b.in>c.x', 'c.in>a.x'], rejected: ['c.in', 'a.in', 'b.in'] },
    { blocked: ['a.in>(b)', 'b.in>a.x'], rejected: ['b.in', 'a.in'] }, // who waits for b to be done waits for all of b
    { blocked: ['a.in>b.x,c.x', 'c.in>a.x'], rejected: ['c.in', 'a.in'] }, // one of several missing names is enough
    { blocked: ['a.in>b.x', 'c.in>a.x', 'b.in>d.x'], rejected: [] },
    { blocked: ['a.in>t/b.x', 't/b.in>a.x'], rejected: ['b.in', 'a.in'] }, // over two stacks
    { blocked: ['a.in>b.x ~x', 'b.in>a.y'], rejected: ['b.in', 'a.in'] }, // only x can do without the input
  ])('$blocked releases $rejected at once', ({ blocked, rejected }) => {
    const world = new World();
    for (const text of blocked) world.block(text);
    expect(new Set(world.rejected)).toEqual(new Set(rejected));
    expect(world.stalls).toEqual([]);
  });

  test('names every hop, from the read that closed it', () => {
    const world = new World();
    world.block('a.peers>b.address');
    world.block('t/c.more>a.address');
    world.block('b.peers>t/c.name');
    expect(world.deadlocks.map(({ hops }) => hops)).toEqual([
      [
        'default.s.b.peers waits for default.t.c.name',
        'default.t.c.more waits for default.s.a.address',
        'default.s.a.peers waits for default.s.b.address',
      ],
    ]);
    expect(world.deadlocks[0]?.stacks).toEqual([
      { space: 'default', stack: 't' },
      { space: 'default', stack: 's' },
    ]);
  });

  test('a chain of 10,000 blocked reads is searched without recursion', () => {
    const world = new World();
    for (let index = 0; index < 10_000; index += 1) world.block(`r${index}.in>r${index + 1}.x`);
    expect(world.deadlocks).toEqual([]);
    world.block('r10000.in>r0.x');
    expect(world.rejected).toHaveLength(10_001);
  });
});

describe('a stall', () => {
  function stalled(): { world: World; first: BlockedRead; second: BlockedRead } {
    const world = new World();
    const first = world.block('a.peers>b.address ~address');
    const second = world.block('b.peers>a.address');
    return { world, first, second };
  }

  test('is told at once, with the handler and the attribute it has not written, and releases nobody', () => {
    const { world } = stalled();
    expect(world.rejected).toEqual([]);
    expect(world.stalls.map(({ broken }) => broken)).toEqual([
      { writer: expect.objectContaining({ resource: 'a' }), attribute: 'address', input: 'peers' },
    ]);
  });

  test('becomes a deadlock when it has stood for its time', () => {
    const { world } = stalled();
    expect(world.timers.map(({ at }) => at)).toEqual([30_000]);
    world.elapse();
    expect(world.rejected.sort()).toEqual(['a.peers', 'b.peers']);
  });

  test('is over when one of its reads wakes', () => {
    const { world, first } = stalled();
    world.unblock(first);
    expect(world.waits.stalls).toEqual([]);
    world.elapse();
    expect(world.rejected).toEqual([]);
  });

  test('of two circles that one read has closed the second is told when the first is over', async () => {
    const world = new World();
    world.block('a.peers>c.address');
    const other = world.block('b.peers>c.address');
    world.block('c.all>a.name,b.name ~address');
    const told = (): (string | undefined)[] => world.stalls.map(({ hops }) => hops[1]);
    expect(told()).toEqual(['default.s.b.peers waits for default.s.c.address']);
    world.unblock(other);
    await null;
    expect(told().slice(1)).toEqual(['default.s.a.peers waits for default.s.c.address']);
  });

  test('is over when what its circle waits for is written, though its read waits for more', async () => {
    const world = new World();
    world.block('a.peers>c.address');
    world.block('b.peers>c.address');
    world.block('c.all>a.name,b.name ~address');
    world.drop('c', 'b.name');
    world.waits.didWrite();
    expect(world.waits.stalls).toEqual([]);
    await null;
    // The other circle that the read has closed stands anew.
    expect(world.stalls.map(({ hops }) => hops[1])).toEqual([
      'default.s.b.peers waits for default.s.c.address',
      'default.s.a.peers waits for default.s.c.address',
    ]);
    world.elapse();
    expect(world.rejected.sort()).toEqual(['a.peers', 'c.all']);
  });

  test('is a deadlock when its time is over, whatever other circles lead through its read', () => {
    const world = new World();
    world.block('c.all>c.name ~name ~address');
    expect(world.stalls.map(({ hops }) => hops)).toEqual([['default.s.c.all waits for default.s.c.name']]);
    world.block('a.peers>c.address');
    // A search from the first read goes this way first.
    world.add('c', 'a.name');
    world.elapse(1);
    expect(world.deadlocks.map(({ hops }) => hops)).toEqual([['default.s.c.all waits for default.s.c.name']]);
  });
});

/**
 * Reads of two stacks that block and wake in any order, while their stacks come and go, with the circles that are told; and, by
 * searches that know nothing of the ones before, those that had to be.
 */
class Comings {
  readonly told: string[] = [];
  readonly expected: string[] = [];
  /** How often somebody was asked what keeps a name. */
  asked = 0;
  readonly #reads: { read: BlockedRead; isNeeded: boolean }[] = [];
  readonly #joined = new Map<string, () => void>();
  readonly #waits = this.#waitsThatTell(this.told);

  toggle(stack: string): void {
    const leave = this.#joined.get(stack);
    leave?.();
    if (leave === undefined) this.#joined.set(stack, this.#waits.join('default', stack, this.#source(stack)));
    else this.#joined.delete(stack);
  }

  block(reader: string, targets: readonly string[], isNeeded: boolean): void {
    const missing = targets.map(targetOf);
    const read: BlockedRead = {
      reader: targetOf(reader),
      input: `in${this.#reads.length}`,
      missing: () => missing,
      reject: () => {},
    };
    this.#reads.push({ read, isNeeded });
    const fresh = this.#waitsThatTell(this.expected);
    for (const stack of this.#joined.keys()) fresh.join('default', stack, this.#source(stack));
    fresh.didBlock(read);
    this.#waits.didBlock(read);
    // One that is told stays neither as a read nor as a stall: else the second circle through it would be told once, not twice.
    if (this.expected.at(-1)?.includes(`.${read.input} `) === true) this.unblock(this.#reads.length - 1);
  }

  mayWaitForMore(resource: string): void {
    this.#waits.mayWaitForMore(targetOf(resource));
  }

  unblock(position: number): void {
    const [gone] = this.#reads.splice(position % Math.max(1, this.#reads.length), 1);
    if (gone !== undefined) this.#waits.didUnblock(gone.read);
  }

  #waitsThatTell(told: string[]): Waits {
    return new Waits({
      clock: { now: () => 0, schedule: () => ({ cancel: () => {} }) },
      stallTimeoutMs: 30_000,
      didStall: ({ hops }) => told.push(`stall: ${hops.join('; ')}`),
      didDeadlock: ({ hops }) => told.push(`deadlock: ${hops.join('; ')}`),
    });
  }

  #source(stack: string): WaitSource {
    return {
      blockers: (resource) => {
        this.asked += 1;
        const own = this.#reads.filter(
          ({ read: { reader } }) => reader.stack === stack && reader.resource === resource,
        );
        return own.map(({ read, isNeeded }) => ({ input: read.input, missing: read.missing(), isNeeded, read }));
      },
    };
  }
}

/** `s/a`. */
function targetOf(text: string): WaitTarget {
  const [stack = '', resource = ''] = text.split('/');
  return { space: 'default', stack, resource, attribute: 'x' };
}

describe('a search that stops where searches before it came to nothing', () => {
  const party = fc.tuple(fc.constantFrom('s', 't'), fc.constantFrom(...'abcd')).map((each) => each.join('/'));
  const steps = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.tuple(party, fc.array(party, { minLength: 1, maxLength: 2 }), fc.boolean()) },
      { weight: 2, arbitrary: fc.nat(30) },
      { weight: 3, arbitrary: fc.constantFrom('s', 't') },
    ),
    { minLength: 5, maxLength: 60 },
  );

  test('tells the same circles as one that looks at everything', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const comings = new Comings();
        for (const stack of ['s', 't']) comings.toggle(stack);
        for (const step of all) {
          if (typeof step === 'string') comings.toggle(step);
          else if (typeof step === 'number') comings.unblock(step);
          else comings.block(...step);
        }
        expect(comings.told).toEqual(comings.expected);
      }),
      { numRuns: runs(1000) },
    );
  });

  /** How often somebody was asked while `act` ran; half of it by the search that knows nothing. */
  const askedWhile = (comings: Comings, act: () => void): number => {
    const before = comings.asked;
    act();
    return comings.asked - before;
  };

  test.each<[string, (comings: Comings) => void, boolean]>([
    ['nothing has come between', () => {}, false],
    ['one of those has gone on', (comings) => comings.unblock(0), false],
    ['somebody who is not of them has blocked', (comings) => comings.block('s/d', ['s/e'], true), false],
    ['one of those has blocked again', (comings) => comings.block('s/b', ['s/e'], true), true],
    ['one of those may wait for more', (comings) => comings.mayWaitForMore('s/b'), true],
    ['a stack has come', (comings) => comings.toggle('u'), true],
    ['a stack has gone', (comings) => comings.toggle('t'), true],
  ])('asks again who was asked before when %s', (_, act, isAsked) => {
    const comings = new Comings();
    for (const stack of ['s', 't']) comings.toggle(stack);
    comings.block('s/a', ['s/b'], true);
    comings.block('s/c', ['s/a'], true);
    act(comings);
    const first = askedWhile(comings, () => comings.block('t/x', ['s/a'], true));
    const again = askedWhile(comings, () => comings.block('t/y', ['s/a'], true));
    expect(first > again).toBe(isAsked);
  });
});
