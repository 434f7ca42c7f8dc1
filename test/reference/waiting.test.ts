import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EngineEvent, StackDidQuiesce } from '../../src/events.ts';
import { Waits } from '../../src/space/waits.ts';
import { runs } from '../random.ts';
import { parseHop } from '../simulation/circles.ts';
import { hasPortCycle } from '../simulation/ports.ts';
import { needs, type ResourceSketch, STALL_MS, type StackSketch, type Step } from '../simulation/scenario.ts';
import { type Circle, circlesIn } from './circle-model.ts';
import { GatedEngine, type Happening } from './gated-engine.ts';
import { hasEnded, type Part } from './part.ts';
import { StackModel } from './stack-model.ts';
import { endWait, isQuiet, ownerOf, type Wait, waitsIn } from './waits.ts';

const ENDS: readonly string[] = ['complete', 'failed', 'skipped'];

/** What was so for a moment, before the handlers did what followed. */
interface Passing {
  readonly circles: readonly Circle[];
  readonly quiet: ReadonlySet<string>;
}

/** Which of `count` possible happenings is next. */
type Choose = (count: number) => number;

/**
 * Plays one schedule on the engine, and asks the model after each step what there is to tell: a deadlock exactly when a hard
 * circle has closed, a stall when another one has and none of those that its last read closed is told already, a deadlock of
 * a stall exactly when that has stood for its time. Returns what differs.
 */
class Judge {
  readonly #model: StackModel;
  readonly #engine: GatedEngine;
  readonly #stacks: readonly StackSketch[];
  readonly #isNeeded: typeof needs;
  readonly #begun = new Set<string>();
  /** Inputs that waited for another stack when the own one began, `stack.resource input`. */
  readonly #foreign = new Set<string>();
  readonly told = { deadlocks: 0, stalls: 0, expired: 0 };
  /** The stalls that stand. The first wait is the one that closed the circle. */
  #stalls: { readonly circle: Circle; readonly closing: string; readonly time: number }[] = [];
  /** By wait: after how many steps it began. */
  #since = new Map<string, number>();
  #steps = 0;
  #time = 0;
  #passing: Passing = { circles: [], quiet: new Set() };
  #happened = 'nothing';

  constructor(stacks: readonly StackSketch[], isNeeded: typeof needs) {
    this.#stacks = stacks;
    this.#isNeeded = isNeeded;
    this.#model = new StackModel(stacks);
    this.#engine = new GatedEngine(stacks);
  }

  async play(choose: Choose): Promise<string | undefined> {
    try {
      for (let next = this.#next(); next.length > 0; next = this.#next()) {
        const happening = next[next.length === 1 ? 0 : choose(next.length)] as Happening | 'time';
        this.#steps += 1;
        this.#happened = `${this.#happened}; ${JSON.stringify(happening)}`;
        const wrong = happening === 'time' ? await this.#pass() : await this.#happen(happening);
        if (wrong !== undefined) return `${wrong}, after ${this.#happened}`;
      }
      const open = this.#model.parts.find(({ phase }) => !ENDS.includes(phase));
      return open === undefined ? undefined : `${open.key} is ${open.phase} at the end of ${this.#happened}`;
    } finally {
      await this.#engine.close();
    }
  }

  #next(): readonly (Happening | 'time')[] {
    const begins = this.#stacks.flatMap(({ name }) => (this.#begun.has(name) ? [] : [{ begins: name }]));
    const steps = this.#model.parts.flatMap(({ key, phase, branches }) =>
      branches.flatMap((each, branch) =>
        phase === 'running' && each.state === 'working' && !hasEnded(each) ? [{ of: key, branch }] : [],
      ),
    );
    return [...begins, ...steps, ...(this.#stalls.length > 0 ? ['time' as const] : [])];
  }

  #let(happening: Happening): Passing {
    if ('begins' in happening) this.#begin(happening.begins);
    else {
      const part = this.#model.parts.find(({ key }) => key === happening.of) as Part;
      this.#model.step(part, part.branches[happening.branch] as Part['branches'][number]);
    }
    return this.#follow();
  }

  #begin(stack: string): void {
    this.#begun.add(stack);
    this.#model.begin(stack);
    for (const wait of waitsIn(this.#model)) {
      const isForeign = wait.names.some((name) => !name.startsWith(`${stack}.`));
      if (wait.part.stack === stack && isForeign) this.#foreign.add(keyOf(wait));
    }
  }

  /** The reads are told that they get no answer; but an input that only the engine waits for, in one stack, cannot be. */
  #fail(waits: readonly Wait[]): Passing {
    for (const wait of waits) {
      if (wait.part.phase === 'running' || this.#foreign.has(keyOf(wait))) endWait(wait, this.#model);
    }
    return this.#follow();
  }

  #follow(): Passing {
    const circles = this.#circles();
    const quiet = new Set<string>();
    do for (const { name } of this.#stacks) if (isQuiet(this.#model, name)) quiet.add(name);
    while (this.#model.follow());
    return { circles, quiet };
  }

  #circles(): readonly Circle[] {
    return circlesIn(this.#model, this.#isNeeded);
  }

  async #happen(happening: Happening): Promise<string | undefined> {
    const wasQuiet = this.#stacks.filter(({ name }) => isQuiet(this.#model, name));
    this.#passing = this.#let(happening);
    const events = await this.#engine.happen(happening);
    const wrong = this.#judge(events);
    if (wrong !== undefined) return wrong;
    // A deadlock is told before anything else follows, in the model after that: it does not know what was so between them.
    const isDeadlock = events.some(({ type }) => type === 'read:didDeadlock');
    const mayBeQuiet = isDeadlock ? this.#begun : this.#passing.quiet;
    for (const stack of this.#stacks) {
      const isNowQuiet = isQuiet(this.#model, stack.name);
      const isTold = events.some((event) => event.type === 'stack:didQuiesce' && event.stack === stack.name);
      if (isTold && !mayBeQuiet.has(stack.name)) return `'${stack.name}' is told to be quiet`;
      if (isNowQuiet && !wasQuiet.includes(stack) && !isTold) return `'${stack.name}' is quiet, which is not told`;
      if (isNowQuiet && isTold) {
        const told = events.findLast((event) => event.type === 'stack:didQuiesce' && event.stack === stack.name);
        const [real, modelled] = [whoWaits(told as StackDidQuiesce), this.#whoWaits(stack.name)];
        if (real !== modelled) return `of '${stack.name}' those are told to wait: ${real}; and not ${modelled}`;
      }
    }
    return undefined;
  }

  /** Each reader of the stack, what it waits for, and how its writer stands. */
  #whoWaits(stack: string): string {
    const own = waitsIn(this.#model).filter(({ part }) => part.stack === stack);
    const lines = own.flatMap(({ part, read, names }) =>
      names.map((name) => {
        const writer = this.#model.parts.find(({ key }) => key === ownerOf(name));
        const isStarted = writer?.phase === 'running';
        const state =
          writer === undefined || writer.phase === 'absent' ? 'outside' : isStarted ? 'blocked' : 'notStarted';
        return `${part.sketch.name} ${read.includes('.') ? undefined : read} ${name} ${state}`;
      }),
    );
    return lines.sort().join();
  }

  /** Just before its time no stall is a deadlock; then it is. */
  async #pass(): Promise<string | undefined> {
    this.#passing = { circles: [], quiet: new Set() };
    const due = Math.min(...this.#stalls.map(({ time }) => time + STALL_MS));
    const early = this.#judge(await this.#engine.pass(due - 1 - this.#time));
    this.#time = due;
    const wrong = early ?? this.#judge(await this.#engine.pass(1));
    if (wrong !== undefined) return wrong;
    const late = this.#stalls.find(({ time }) => this.#time >= time + STALL_MS);
    return late === undefined ? undefined : `the stall ${late.circle.hops} stands for too long`;
  }

  #judge(events: readonly EngineEvent[]): string | undefined {
    this.#note();
    const before = this.#keys();
    let last: readonly string[] = [];
    const dropped = new Set<string>();
    for (const event of events) {
      if (event.type !== 'read:didDeadlock' && event.type !== 'read:didStall') continue;
      // Each stack in the circle is told of it.
      if (event.cycle === last) continue;
      last = event.cycle;
      for (const closing of this.#drop()) dropped.add(closing);
      const wrong = event.type === 'read:didDeadlock' ? this.#deadlock(event.cycle) : this.#stall(event.cycle, dropped);
      if (wrong !== undefined) return wrong;
    }
    this.#drop();
    const circles = this.#circles();
    const hard = circles.find(({ isHard }) => isHard);
    if (hard !== undefined) return `no deadlock is told of ${hard.hops}`;
    const untold = circles.find(({ waits }) => !this.#isTold(waits));
    return untold === undefined ? undefined : `no stall is told of ${untold.hops} (of ${before})`;
  }

  #deadlock(cycle: readonly string[]): string | undefined {
    const circle = this.#find(cycle);
    if (circle === undefined) return `a deadlock of ${cycle}, which is no circle`;
    const expired = this.#stalls.find((stall) => isSame(stall.circle, circle));
    const isDue = expired !== undefined && this.#time >= expired.time + STALL_MS;
    if (!circle.isHard && !isDue) return `a deadlock of ${cycle}, which could still go on`;
    this.told[circle.isHard ? 'deadlocks' : 'expired'] += 1;
    this.#passing = this.#fail(circle.waits);
    this.#note();
    return undefined;
  }

  /** `dropped`: the reads that had closed another circle, which stands no more. */
  #stall(cycle: readonly string[], dropped: ReadonlySet<string>): string | undefined {
    const circle = this.#find(cycle);
    if (circle === undefined) return `a stall of ${cycle}, which is no circle`;
    if (circle.isHard) return `a stall of ${cycle}, which is a deadlock`;
    if (this.#stalls.some((stall) => isSame(stall.circle, circle))) return `${cycle} is told twice`;
    const closing = closingOf(cycle);
    if (this.#since.get(closing) !== this.#steps && !dropped.has(closing)) return `a stall of ${cycle}, told late`;
    this.told.stalls += 1;
    this.#stalls.push({ circle, closing, time: this.#time });
    return undefined;
  }

  #find(cycle: readonly string[]): Circle | undefined {
    const told = cycle.map(parseHop).map(({ reader, input, name }) => `${reader} ${input ?? name} -> ${name}`);
    return [...this.#circles(), ...this.#passing.circles].find(
      ({ hops }) => [...hops].sort().join() === [...told].sort().join(),
    );
  }

  /** Whether the last of the waits to begin is in a circle that is told: of several that one closes, the next is told later. */
  #isTold(waits: readonly Wait[]): boolean {
    const last = Math.max(...waits.map((wait) => this.#since.get(keyOf(wait)) as number));
    const isIn = (wait: Wait, { circle }: { readonly circle: Circle }): boolean =>
      circle.waits.some((each) => keyOf(each) === keyOf(wait));
    return waits.some(
      (wait) => this.#since.get(keyOf(wait)) === last && this.#stalls.some((stall) => isIn(wait, stall)),
    );
  }

  #keys(): readonly string[] {
    return waitsIn(this.#model).map(keyOf);
  }

  /** Forgets the stalls that stand no more, and returns by which reads they were closed. */
  #drop(): readonly string[] {
    const circles = this.#circles();
    const stands = ({ circle }: { readonly circle: Circle }): boolean => circles.some((each) => isSame(each, circle));
    const dropped = this.#stalls.filter((stall) => !stands(stall));
    this.#stalls = this.#stalls.filter(stands);
    return dropped.map(({ closing }) => closing);
  }

  #note(): void {
    const keys = [...waitsIn(this.#model), ...this.#passing.circles.flatMap(({ waits }) => waits)].map(keyOf);
    this.#since = new Map(keys.map((key) => [key, this.#since.get(key) ?? this.#steps]));
  }
}

function whoWaits({ waiting }: StackDidQuiesce): string {
  const lines = waiting.map(({ reader, input, name: [, stack, resource, attribute], writer }) => {
    const name = input === 'depends_on' ? `${stack}.${resource}` : `${stack}.${resource}.${attribute}`;
    return `${reader} ${input} ${name} ${writer}`;
  });
  return lines.sort().join();
}

function keyOf({ part, read }: Wait): string {
  return `${part.key} ${read}`;
}

function isSame(one: Circle, two: Circle): boolean {
  return [...one.hops].sort().join() === [...two.hops].sort().join();
}

/** The first hop tells of it. */
function closingOf([first]: readonly string[]): string {
  const { reader, input, name } = parseHop(first as string);
  return `${reader} ${input ?? name}`;
}

/** Plays every way to choose, one after the other: each list of choices is followed by the next one. */
async function everySchedule(play: (choose: Choose) => Promise<string | undefined>): Promise<string | undefined> {
  const choices: { at: number; readonly count: number }[] = [];
  do {
    let depth = 0;
    const wrong = await play((count) => {
      if (depth === choices.length) choices.push({ at: 0, count });
      const { at } = choices[depth] as { at: number };
      depth += 1;
      return at;
    });
    if (wrong !== undefined) return wrong;
    let last = choices.at(-1);
    for (; last !== undefined && last.at === last.count - 1; last = choices.at(-1)) choices.pop();
    if (last !== undefined) last.at += 1;
  } while (choices.length > 0);
  return undefined;
}

const ATTRIBUTES = ['x', 'y'];

/** Stacks that no static check refuses, of up to two resources each, and the choices that make a schedule. */
const randomStacks = fc
  .record({ s: fc.integer({ min: 1, max: 2 }), t: fc.integer({ min: 1, max: 2 }) })
  .chain((sizes) => {
    const own = Object.entries(sizes).flatMap(([stack, size]) =>
      ['a', 'b'].slice(0, size).map((name) => ({ stack, name })),
    );
    const full = fc.constantFrom(
      ...own.flatMap(({ stack, name }) => ATTRIBUTES.map((each) => `${stack}.${name}.${each}`)),
    );
    const stackOf = (stack: string): fc.Arbitrary<StackSketch> => {
      const names = own.filter((each) => each.stack === stack).map(({ name }) => name);
      return fc
        .tuple(...names.map((name) => resourceOf(stack, name, full)))
        .map((resources) => stackWith(stack, resources));
    };
    return fc.tuple(stackOf('s'), stackOf('t'));
  })
  .filter((stacks) => !stacks.some((stack) => hasPortCycle([stack])));

function resourceOf(stack: string, name: string, full: fc.Arbitrary<string>): fc.Arbitrary<ResourceSketch> {
  const step = (isPlain: boolean): fc.Arbitrary<Step> =>
    fc.oneof(
      { weight: 2, arbitrary: full.map((read) => ({ do: 'read' as const, name: read })) },
      { weight: isPlain ? 0 : 4, arbitrary: fc.constant({ do: 'await' as const, inputs: ['a'] }) },
      {
        weight: 4,
        arbitrary: fc.constantFrom(...ATTRIBUTES).map((attribute) => ({ do: 'write' as const, attribute })),
      },
      { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'fail' }, { do: 'rewrite', attribute: 'x' }) },
    );
  const needed = fc.constantFrom<readonly string[] | null>(null, [], ['a']);
  return fc.boolean().chain((isPlain) =>
    fc
      .record({
        // A read of the own stack is one that the static check sees.
        reads: fc.uniqueArray(full, { minLength: 1, maxLength: 2 }),
        branches: fc.array(fc.array(step(isPlain), { maxLength: 4 }), { minLength: 1, maxLength: isPlain ? 1 : 2 }),
        needs: fc.record({ x: needed, y: needed }),
        depends: fc.boolean(),
      })
      .map(({ reads, branches, needs: outputs, depends }) => ({
        name,
        type: isPlain ? ('Sim::Plain' as const) : ('Sim::Open' as const),
        isEnabled: true,
        dependsOn: depends && name === 'b' ? ['a'] : [],
        inputs: { a: reads.map((read) => (read.startsWith(`${stack}.`) ? read.slice(stack.length + 1) : read)) },
        outputs: isPlain ? {} : outputs,
        branches,
        removalMs: 0,
      })),
  );
}

function stackWith(name: string, resources: readonly ResourceSketch[]): StackSketch {
  return { name, resources, startMs: 0, outputs: {}, rollback: false, cancelMs: undefined, timeoutMs: 1e9 };
}

describe('deadlocks and stalls are told exactly when a circle closes', () => {
  const choices = fc.infiniteStream(fc.nat());
  const random = (isNeeded = needs) =>
    fc.asyncProperty(randomStacks, choices, async (stacks, stream) => {
      const choose: Choose = (count) => (stream.next().value as number) % count;
      expect(await new Judge(stacks, isNeeded).play(choose)).toBeUndefined();
    });
  const isFoundOut = async (isNeeded = needs) =>
    (await fc.check(random(isNeeded), { numRuns: runs(200), endOnFailure: true })).failed;

  test('under every schedule of two resources, for each way to read and to write', async () => {
    const told = { schedules: 0, deadlocks: 0, stalls: 0, expired: 0 };
    for (const pair of allPairs()) {
      const wrong = await everySchedule(async (choose) => {
        const judge = new Judge(pair, needs);
        const found = await judge.play(choose);
        told.schedules += 1;
        for (const kind of ['deadlocks', 'stalls', 'expired'] as const) told[kind] += judge.told[kind];
        return found;
      });
      expect([pair, wrong]).toEqual([pair, undefined]);
    }
    expect(told).toEqual({ schedules: 2528, deadlocks: 78, stalls: 354, expired: 198 });
  }, 120_000);

  test('under random schedules of random stacks', async () => {
    await fc.assert(random(), { numRuns: runs(200) });
  });

  test('a model in which every attribute needs everything is found out, and one in which it needs nothing', async () => {
    expect(await isFoundOut(() => true)).toBe(true);
    expect(await isFoundOut(() => false)).toBe(true);
  });

  test('an engine that does not look for circles is found out', async () => {
    const { didBlock } = Waits.prototype;
    try {
      Waits.prototype.didBlock = () => {};
      expect(await isFoundOut()).toBe(true);
    } finally {
      Waits.prototype.didBlock = didBlock;
    }
  });
});

/**
 * Two stacks of one resource each that read each other: by name or by an input, before the write, after it or beside it, and
 * the write needs the read or does not.
 */
function allPairs(): readonly (readonly StackSketch[])[] {
  const write: Step = { do: 'write', attribute: 'x' };
  const sides = (stack: string, other: string): readonly StackSketch[] =>
    [{ do: 'read', name: `${other}.a.x` } as const, { do: 'await', inputs: ['a'] } as const].flatMap((read) =>
      [[[read, write]], [[write, read]], [[read], [write]]].flatMap((branches) =>
        [read.do === 'read' ? null : ['a'], []].map((needed) => {
          const part = { name: 'a', isEnabled: true, dependsOn: [], removalMs: 0, branches } as const;
          return stackWith(stack, [
            { ...part, type: 'Sim::Open', inputs: { a: [`${other}.a.x`] }, outputs: { x: needed } },
          ]);
        }),
      ),
    );
  const all = sides('t', 's');
  return sides('s', 't').flatMap((s, index) => all.slice(index).map((t) => [s, t]));
}
