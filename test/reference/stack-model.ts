import type { Json } from '../../src/values.ts';
import {
  attributesOf,
  constantsOf,
  needs,
  type ResourceSketch,
  type StackSketch,
  type Step,
} from '../simulation/scenario.ts';
import { targetsOf } from '../simulation/state.ts';
import { digest } from '../simulation/world.ts';

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

/** `skipped`: it was not started, since something that it needs never comes. */
export type Phase = 'absent' | 'waiting' | 'running' | 'complete' | 'failed' | 'skipped';

interface Part {
  readonly key: string;
  readonly stack: string;
  readonly sketch: ResourceSketch;
  phase: Phase;
  readonly branches: readonly Branch[];
  /** Inputs that waited for another stack when the own one began. */
  readonly foreign: Set<string>;
}

interface Branch {
  readonly steps: readonly Step[];
  /** The step it is at. */
  at: number;
  /** That step is a read, and it has asked. */
  isReading: boolean;
  hasFailed: boolean;
  /** What it has read: each value that it writes tells of all of it. */
  readonly known: Json[];
}

/** What the model goes by; others are wrong models. */
export interface Rules {
  /** Whether an attribute can be written only after a read. */
  readonly needs: typeof needs;
  /** Whether what a resource has written stands when it fails later. */
  readonly keepsWritten: boolean;
  /** What is read of a resource that a condition leaves out. */
  readonly leftOut: Json;
}

const RULES: Rules = { needs, keepsWritten: true, leftOut: null };

/**
 * The creation of stacks, one step of one handler after the other, as a page of plain code to be read against the design:
 *
 * - A plain resource starts when its inputs are there and what it depends on is done, a streaming one without its inputs.
 * - A read ends when all that it refers to is written, and fails when some of it never comes. A branch goes on after it, or
 *   ends with it. A handler ends when its branches have; it has failed when one has, or when it owes an attribute.
 * - A streaming handler writes at once, a plain one when it has ended well. What is written once stands.
 * - What a resource that has failed, or that cannot start any more, has not written never comes.
 * - What a condition leaves out is null, and is done.
 * - Waits that lead from one to the next and back are a circle (DESIGN 4).
 */
export class StackModel {
  readonly #stacks: readonly StackSketch[];
  readonly #rules: Rules;
  readonly #parts: readonly Part[];
  readonly #begun = new Set<string>();
  /** `stack.resource.attribute` with its value, `stack.resource` when it is done. */
  readonly #there = new Map<string, Json>();
  readonly #lost = new Set<string>();

  constructor(stacks: readonly StackSketch[], rules: Partial<Rules> = {}) {
    this.#stacks = stacks;
    this.#rules = { ...RULES, ...rules };
    const enabled = stacks.flatMap(({ name, resources }) =>
      resources.filter(({ isEnabled }) => isEnabled).map((sketch) => ({ stack: name, sketch })),
    );
    this.#parts = enabled.map(({ stack, sketch }) => ({
      key: `${stack}.${sketch.name}`,
      stack,
      sketch,
      phase: 'absent' as const,
      branches: sketch.branches.map((steps) => ({ steps, at: 0, isReading: false, hasFailed: false, known: [] })),
      foreign: new Set<string>(),
    }));
    for (const { name, resources } of stacks) {
      for (const sketch of resources) {
        if (!sketch.isEnabled) for (const each of namesOf(name, sketch)) this.#there.set(each, this.#rules.leftOut);
      }
    }
  }

  /** What can happen next; empty when nothing can. */
  next(): readonly Happening[] {
    const begins = this.#stacks.flatMap(({ name }) => (this.#begun.has(name) ? [] : [{ begins: name }]));
    const steps = this.#parts.flatMap(({ key, phase, branches }) =>
      branches.flatMap((each, branch) =>
        phase === 'running' && !each.isReading && !hasEnded(each) ? [{ of: key, branch }] : [],
      ),
    );
    return [...begins, ...steps];
  }

  happen(happening: Happening): Passing {
    if ('begins' in happening) this.#begin(happening.begins);
    else {
      const part = this.#parts.find(({ key }) => key === happening.of) as Part;
      this.#step(part, part.branches[happening.branch] as Branch);
    }
    return this.#settle();
  }

  /** Somebody outside writes a name. */
  write(name: string, value: Json): Passing {
    this.#there.set(name, value);
    return this.#settle();
  }

  /** The reads are told that they get no answer. */
  fail(waits: readonly Wait[]): Passing {
    for (const { reader, read, isRead } of waits) {
      const part = this.#parts.find(({ key }) => key === reader) as Part;
      if (!isRead) continue;
      if (part.phase === 'waiting') this.#lose(part, 'skipped');
      for (const branch of part.branches) {
        if (branch.isReading && readsOf(branch).includes(read)) endWith(branch);
      }
    }
    return this.#settle();
  }

  /** By resource, what has become of it. */
  phases(): { readonly [resource: string]: Phase } {
    return Object.fromEntries(this.#parts.map(({ key, phase }) => [key, phase]));
  }

  /** What each input of a resource has come to. */
  givenTo(resource: string): { readonly [input: string]: Json } {
    const part = this.#parts.find(({ key }) => key === resource) as Part;
    return Object.fromEntries(Object.keys(part.sketch.inputs).map((input) => [input, this.#valueOf(part, input)]));
  }

  /** Undefined when it is not written. */
  valueOf(name: string): Json | undefined {
    return this.#there.get(name);
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
      const { key: reader, phase, foreign, branches } = part;
      const wait = (read: string, isRead: boolean): Wait => ({
        reader,
        read,
        names: this.#missing(part, read),
        isRead,
      });
      if (phase === 'waiting') return inputsToStart(part).map((read) => wait(read, foreign.has(read)));
      if (phase !== 'running') return [];
      const reads = branches.flatMap((branch) => (branch.isReading ? readsOf(branch) : []));
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
        const first = longer[0]?.wait as Wait;
        for (const next of waits.filter(({ reader }) => reader === ownerOf(name))) {
          // Each circle is met from each of its waits, and taken from the first.
          if (next === first) found.push(this.#circle(longer));
          else if (waits.indexOf(next) > waits.indexOf(first) && !longer.some(({ wait }) => wait === next)) {
            go(longer, next);
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
      return this.#rules.needs(sketch, attribute, wait.read.includes('.') ? undefined : wait.read);
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

  #step({ key, sketch }: Part, branch: Branch): void {
    const step = branch.steps[branch.at] as Step;
    switch (step.do) {
      case 'await':
      case 'read':
        // A read that finds everything there waits for no time.
        branch.isReading = true;
        return;
      case 'write': {
        const value = digest([sketch.name, step.attribute, ...branch.known]);
        if (sketch.type !== 'Sim::Plain') this.#there.set(`${key}.${step.attribute}`, value);
        branch.at += 1;
        return;
      }
      case 'work':
      case 'make':
      case 'tell':
        branch.at += 1;
        return;
      case 'hang':
        return;
      case 'fail':
      case 'rewrite':
      case 'stray':
        endWith(branch);
        return;
      default:
        step satisfies never;
    }
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
    const { phase, branches } = part;
    const isLost = (read: string): boolean => this.#targets(part, read).some((name) => this.#lost.has(name));
    const isThere = (read: string): boolean => this.#missing(part, read).length === 0;
    if (phase === 'waiting') {
      if (inputsToStart(part).some(isLost)) return this.#lose(part, 'skipped');
      if (!inputsToStart(part).every(isThere)) return false;
      part.phase = 'running';
      if (isPlain(part)) for (const { known } of branches) known.push(...this.#given(part));
      return true;
    }
    if (phase !== 'running') return false;
    for (const branch of branches) {
      const reads = readsOf(branch);
      if (!branch.isReading) continue;
      if (reads.some(isLost)) {
        endWith(branch);
        return true;
      }
      if (!reads.every(isThere)) continue;
      branch.isReading = false;
      branch.at += 1;
      branch.known.push(...reads.map((read) => this.#valueOf(part, read)));
      return true;
    }
    return branches.every(hasEnded) && this.#end(part);
  }

  #end(part: Part): true {
    const { sketch, branches, key } = part;
    const written = sketch.branches.flat().flatMap((step) => (step.do === 'write' ? [step.attribute] : []));
    const owes = Object.keys(attributesOf(sketch)).some((attribute) => !written.includes(attribute));
    if (owes || branches.some(({ hasFailed }) => hasFailed)) return this.#lose(part, 'failed');
    part.phase = 'complete';
    this.#there.set(key, null);
    for (const attribute of isPlain(part) ? written : []) {
      this.#there.set(`${key}.${attribute}`, digest([sketch.name, attribute, ...(branches[0]?.known ?? [])]));
    }
    return true;
  }

  #lose(part: Part, phase: 'failed' | 'skipped'): true {
    part.phase = phase;
    for (const name of namesOf(part.stack, part.sketch)) {
      if (!this.#rules.keepsWritten) this.#there.delete(name);
      if (!this.#there.has(name)) this.#lost.add(name);
    }
    return true;
  }

  #given({ stack, sketch }: Part): readonly Json[] {
    return Object.keys(sketch.inputs).map((input) => this.#valueOf({ stack, sketch }, input));
  }

  #valueOf(part: Pick<Part, 'stack' | 'sketch'>, read: string): Json {
    const values = this.#targets(part, read).map((name) => this.#there.get(name) ?? null);
    return read.includes('.') ? (values[0] as Json) : [...values, ...constantsOf(part.sketch, read)];
  }

  #targets({ stack, sketch }: Pick<Part, 'stack' | 'sketch'>, read: string): readonly string[] {
    return targetsOf(stack, sketch, read);
  }

  #missing(part: Part, read: string): readonly string[] {
    return [...new Set(this.#targets(part, read))].filter((name) => !this.#there.has(name));
  }
}

function isPlain({ sketch }: Part): boolean {
  return sketch.type === 'Sim::Plain';
}

function isAtWork({ phase, branches }: Part): boolean {
  return phase === 'running' && !branches.some(({ isReading }) => isReading);
}

function inputsToStart(part: Part): readonly string[] {
  return ['depends_on', ...(isPlain(part) ? Object.keys(part.sketch.inputs) : [])];
}

function hasEnded({ steps, at, hasFailed }: Branch): boolean {
  return hasFailed || at >= steps.length;
}

function endWith(branch: Branch): void {
  branch.isReading = false;
  branch.hasFailed = true;
}

/** What the branch reads where it is. */
function readsOf({ steps, at }: Branch): readonly string[] {
  const step = steps[at];
  return step?.do === 'read' ? [step.name] : step?.do === 'await' ? step.inputs : [];
}

function namesOf(stack: string, sketch: ResourceSketch): readonly string[] {
  const key = `${stack}.${sketch.name}`;
  return [key, ...Object.keys(attributesOf(sketch)).map((attribute) => `${key}.${attribute}`)];
}

function ownerOf(name: string): string {
  return name.split('.').slice(0, 2).join('.');
}
