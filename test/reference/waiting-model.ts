import { attributesOf, needs, type ResourceSketch, type StackSketch } from '../simulation/scenario.ts';
import { targetsOf } from '../simulation/state.ts';

/** A read that cannot end now, or an input without which a resource cannot start. */
export interface Wait {
  /** `stack.resource`. */
  readonly reader: string;
  /** An input, `depends_on`, or the name that is read at run time. */
  readonly read: string;
  /** What it waits for: `stack.resource.attribute`, or `stack.resource` for its end. */
  readonly names: readonly string[];
  /** It can be told that it will not get an answer. An input that only the engine waits for, within one stack, cannot. */
  readonly isRead: boolean;
}

/** Waits each of which waits for a name of the next one's reader, the last for one of the first's. */
export interface Circle {
  /** `reader read -> name` of each. */
  readonly hops: readonly string[];
  readonly waits: readonly Wait[];
  /** Each of the readers needs its own wait to end before it can write the name: it declares so. */
  readonly isHard: boolean;
}

/** One thing that can happen next: a stack begins, or a handler's branch does its next step. */
export type Happening = { readonly begins: string } | { readonly of: string; readonly branch: number };

/** What was so for a moment, before the handlers did what followed. */
export interface Passing {
  readonly circles: readonly Circle[];
  readonly quiet: ReadonlySet<string>;
}

type Phase = 'absent' | 'waiting' | 'running' | 'complete' | 'failed';

interface Part {
  readonly key: string;
  readonly stack: string;
  readonly sketch: ResourceSketch;
  phase: Phase;
  /** Of each branch: the step it is at; undefined when a read of it has failed. */
  readonly at: (number | undefined)[];
  /** Of each branch: whether the read it is at waits. */
  readonly waits: boolean[];
  /** Inputs that waited for another stack when the own one began. */
  readonly foreign: Set<string>;
}

/**
 * Who waits for whom while stacks are created, one step of one handler after the other, as DESIGN 4 says it:
 *
 * - A plain resource starts when its inputs are there and what it depends on is done, a streaming one without its inputs.
 * - A read ends when all that it refers to is written, and fails when some of it never comes. A branch goes on after it, or
 *   ends with it. A handler ends when its branches have; it has failed when one has, or when it owes an attribute.
 * - What a resource that has failed, or that cannot start any more, has not written never comes.
 * - Waits that lead from one to the next and back are a circle.
 */
export class WaitingModel {
  readonly #parts: readonly Part[];
  readonly #begun = new Set<string>();
  readonly #there = new Set<string>();
  readonly #lost = new Set<string>();
  readonly #stacks: readonly StackSketch[];
  readonly #needs: typeof needs;

  /** `isNeeded` says what an attribute needs; default: what is declared. */
  constructor(stacks: readonly StackSketch[], isNeeded: typeof needs = needs) {
    this.#stacks = stacks;
    this.#needs = isNeeded;
    this.#parts = stacks.flatMap(({ name: stack, resources }) =>
      resources.map((sketch) => ({
        key: `${stack}.${sketch.name}`,
        stack,
        sketch,
        phase: 'absent' as const,
        at: sketch.branches.map(() => 0),
        waits: sketch.branches.map(() => false),
        foreign: new Set<string>(),
      })),
    );
  }

  /** What can happen next; empty at the end. */
  next(): readonly Happening[] {
    const begins = this.#stacks.flatMap(({ name }) => (this.#begun.has(name) ? [] : [{ begins: name }]));
    const steps = this.#parts.flatMap(({ key, phase, sketch, at, waits }) =>
      sketch.branches.flatMap((steps, branch) => {
        const isNext = phase === 'running' && !waits[branch] && (at[branch] ?? steps.length) < steps.length;
        return isNext ? [{ of: key, branch }] : [];
      }),
    );
    return [...begins, ...steps];
  }

  happen(happening: Happening): Passing {
    if ('begins' in happening) this.#begin(happening.begins);
    else this.#step(this.#parts.find(({ key }) => key === happening.of) as Part, happening.branch);
    return this.#settle();
  }

  /** The reads are told that they get no answer. */
  fail(waits: readonly Wait[]): Passing {
    for (const { reader, read, isRead } of waits) {
      const part = this.#parts.find(({ key }) => key === reader) as Part;
      if (!isRead) continue;
      if (part.phase === 'waiting') this.#lose(part);
      for (const branch of part.at.keys()) {
        if (!part.waits[branch] || readOf(part, branch) !== read) continue;
        part.waits[branch] = false;
        part.at[branch] = undefined;
      }
    }
    return this.#settle();
  }

  /** By resource, what has become of it. */
  phases(): { readonly [resource: string]: Phase } {
    return Object.fromEntries(this.#parts.map(({ key, phase }) => [key, phase]));
  }

  /** Nobody in the stack can do anything: its handlers wait, and none can start. */
  isIdle(stack: string): boolean {
    const own = this.#parts.filter((part) => part.stack === stack);
    const isOpen = own.some(({ phase }) => phase === 'waiting' || phase === 'running');
    return isOpen && !own.some((part) => isAtWork(part));
  }

  /** It is idle, and waits for nobody elsewhere who is at work. */
  isQuiet(stack: string): boolean {
    const working = this.#parts.filter((part) => isAtWork(part)).map(({ key }) => key);
    const own = this.waits().filter(({ reader }) => reader.startsWith(`${stack}.`));
    return this.isIdle(stack) && !own.some(({ names }) => names.some((name) => working.includes(ownerOf(name))));
  }

  waits(): readonly Wait[] {
    const waits = this.#parts.flatMap((part) => {
      const { key: reader, phase, foreign } = part;
      const wait = (read: string, isRead: boolean): Wait => ({
        reader,
        read,
        names: this.#missing(part, read),
        isRead,
      });
      if (phase === 'waiting') return inputsToStart(part).map((read) => wait(read, foreign.has(read)));
      if (phase !== 'running') return [];
      const reads = part.at.flatMap((_, branch) => (part.waits[branch] ? [readOf(part, branch)] : []));
      return [...new Set(reads)].map((read) => wait(read, true));
    });
    return waits.filter(({ names }) => names.length > 0);
  }

  /** Every circle, found by going every way. */
  circles(): readonly Circle[] {
    const waits = this.waits();
    const found: Circle[] = [];
    const go = (way: readonly { readonly wait: Wait; readonly name: string }[], last: Wait): void => {
      for (const name of last.names) {
        const longer = [...way, { wait: last, name }];
        for (const next of waits.filter(({ reader }) => reader === ownerOf(name))) {
          // Each circle is met from each of its waits, and taken from the first.
          if (next === longer[0]?.wait) found.push(this.#circle(longer));
          else if (
            waits.indexOf(next) > waits.indexOf(longer[0]?.wait as Wait) &&
            !way.some(({ wait }) => wait === next)
          ) {
            if (next !== last) go(longer, next);
          }
        }
      }
    };
    for (const wait of waits) go([], wait);
    return found;
  }

  #circle(way: readonly { readonly wait: Wait; readonly name: string }[]): Circle {
    const isHard = way.every(({ name }, index) => {
      const { wait } = way[(index + 1) % way.length] as (typeof way)[number];
      const { sketch, phase } = this.#parts.find(({ key }) => key === wait.reader) as Part;
      const [, , attribute] = name.split('.');
      if (phase === 'waiting' || attribute === undefined) return true;
      return this.#needs(sketch, attribute, wait.read.includes('.') ? undefined : wait.read);
    });
    const hops = way.map(({ wait: { reader, read }, name }) => `${reader} ${read} -> ${name}`);
    return { hops, waits: way.map(({ wait }) => wait), isHard };
  }

  #begin(stack: string): void {
    this.#begun.add(stack);
    for (const part of this.#parts) {
      if (part.stack !== stack) continue;
      part.phase = 'waiting';
      for (const read of inputsToStart(part)) {
        if (this.#missing(part, read).some((name) => !name.startsWith(`${stack}.`))) part.foreign.add(read);
      }
    }
  }

  #step(part: Part, branch: number): void {
    const step = part.sketch.branches[branch]?.[part.at[branch] as number];
    if (step?.do === 'write' && part.sketch.type !== 'Sim::Plain') this.#there.add(`${part.key}.${step.attribute}`);
    if (step?.do === 'write') part.at[branch] = (part.at[branch] as number) + 1;
    // A read that finds everything there has waited for no time.
    else part.waits[branch] = true;
  }

  /** All that follows by itself, until nothing does any more. */
  #settle(): Passing {
    const circles = this.circles();
    const quiet = new Set<string>();
    do for (const { name } of this.#stacks) if (this.isQuiet(name)) quiet.add(name);
    while (this.#parts.some((part) => this.#follow(part)));
    return { circles, quiet };
  }

  /** Whether something followed. */
  #follow(part: Part): boolean {
    const { phase, at, waits, sketch } = part;
    const isLost = (read: string): boolean => this.#targets(part, read).some((name) => this.#lost.has(name));
    if (phase === 'waiting') {
      if (inputsToStart(part).some(isLost)) return this.#lose(part);
      if (inputsToStart(part).some((read) => this.#missing(part, read).length > 0)) return false;
      part.phase = 'running';
      return true;
    }
    if (phase !== 'running') return false;
    for (const branch of at.keys()) {
      const read = readOf(part, branch);
      if (!waits[branch] || (!isLost(read) && this.#missing(part, read).length > 0)) continue;
      waits[branch] = false;
      at[branch] = isLost(read) ? undefined : (at[branch] as number) + 1;
      return true;
    }
    const hasEnded = (branch: number): boolean =>
      (at[branch] ?? Number.POSITIVE_INFINITY) >= (sketch.branches[branch]?.length as number);
    if (![...at.keys()].every(hasEnded)) return false;
    const written = sketch.branches.flat().flatMap((step) => (step.do === 'write' ? [step.attribute] : []));
    const attributes = Object.keys(attributesOf(sketch));
    if (at.includes(undefined) || attributes.some((attribute) => !written.includes(attribute))) return this.#lose(part);
    part.phase = 'complete';
    for (const name of [part.key, ...attributes.map((attribute) => `${part.key}.${attribute}`)]) this.#there.add(name);
    return true;
  }

  #lose(part: Part): true {
    part.phase = 'failed';
    const names = Object.keys(attributesOf(part.sketch)).map((attribute) => `${part.key}.${attribute}`);
    for (const name of [part.key, ...names]) if (!this.#there.has(name)) this.#lost.add(name);
    return true;
  }

  #targets({ stack, sketch }: Part, read: string): readonly string[] {
    return targetsOf(stack, sketch, read);
  }

  #missing(part: Part, read: string): readonly string[] {
    return [...new Set(this.#targets(part, read))].filter((name) => !this.#there.has(name));
  }
}

function isAtWork({ phase, waits }: Part): boolean {
  return phase === 'running' && !waits.some((isWaiting) => isWaiting);
}

function inputsToStart({ sketch }: Part): readonly string[] {
  return ['depends_on', ...(sketch.type === 'Sim::Plain' ? Object.keys(sketch.inputs) : [])];
}

/** What the branch reads where it is; the empty text when it is at no read. */
function readOf({ sketch, at }: Part, branch: number): string {
  const step = sketch.branches[branch]?.[at[branch] ?? Number.POSITIVE_INFINITY];
  return step?.do === 'read' ? step.name : step?.do === 'await' ? (step.inputs[0] as string) : '';
}

function ownerOf(name: string): string {
  return name.split('.').slice(0, 2).join('.');
}
