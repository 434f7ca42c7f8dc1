import type { Json } from '../../src/values.ts';
import { attributesOf, constantsOf, type ResourceSketch, type StackSketch, type Step } from '../simulation/scenario.ts';
import { targetsOf } from '../simulation/state.ts';
import { digest } from '../simulation/world.ts';

/** One resource. `skipped`: it was not started, since something that it needs never comes. */
export interface Part {
  /** `stack.resource`. */
  readonly key: string;
  readonly stack: string;
  readonly sketch: ResourceSketch;
  phase: 'absent' | 'waiting' | 'running' | 'complete' | 'failed' | 'skipped';
  readonly branches: readonly Branch[];
}

/** What a handler does beside its other branches; `at` counts its steps, `known` is what it has read. */
export interface Branch {
  readonly steps: readonly Step[];
  at: number;
  state: 'working' | 'reading' | 'failed';
  readonly known: Json[];
}

/**
 * The creation of stacks, one step of one handler after the other, as a page of plain code to be read against the design:
 *
 * - A plain resource starts when its inputs are there and what it depends on is done, a streaming one without its inputs.
 * - A read ends when all that it refers to is written, and fails when some of it never comes. A branch goes on after it, or
 *   ends with it. A handler ends when its branches have; it has failed when one has, or when it owes an attribute.
 * - A streaming handler writes at once, a plain one when it has ended well. What is written once stands.
 * - What a resource that has failed, or that cannot start any more, has not written never comes.
 * - What a condition leaves out is null, and is done.
 */
export class StackModel {
  readonly parts: readonly Part[];
  /** `stack.resource.attribute` with its value, `stack.resource` when it is done. */
  readonly there = new Map<string, Json>();

  constructor(stacks: readonly StackSketch[]) {
    const all = stacks.flatMap(({ name, resources }) => resources.map((sketch) => newPart(name, sketch)));
    this.parts = all.filter(({ sketch }) => sketch.isEnabled);
    const leftOut = all.filter(({ sketch }) => !sketch.isEnabled);
    for (const name of leftOut.flatMap(namesOf)) this.there.set(name, null);
  }

  begin(stack: string): void {
    for (const part of this.parts) if (part.stack === stack) part.phase = 'waiting';
  }

  /** A branch of a handler does what comes next in it. A read that finds everything there waits for no time. */
  step(part: Part, branch: Branch): void {
    const step = branch.steps[branch.at] as Step;
    if (step.do === 'await' || step.do === 'read') branch.state = 'reading';
    else if (step.do === 'fail' || step.do === 'rewrite' || step.do === 'stray') branch.state = 'failed';
    else if (step.do !== 'hang') branch.at += 1;
    if (step.do === 'write' && !isPlain(part)) this.#write(part, step.attribute, branch.known);
  }

  /** One thing that follows by itself happens; false when nothing does any more. */
  follow(): boolean {
    return this.parts.some((part) => {
      if (part.phase === 'waiting') return this.#start(part);
      if (part.phase !== 'running') return false;
      return part.branches.some((branch) => branch.state === 'reading' && this.#read(part, branch)) || this.#end(part);
    });
  }

  #start(part: Part): boolean {
    const found = this.#find(part, readsToStart(part));
    if (found !== 'missing') part.phase = found === 'there' ? 'running' : 'skipped';
    return found !== 'missing';
  }

  #read(part: Part, branch: Branch): boolean {
    const reads = readsOf(branch);
    const found = this.#find(part, reads);
    if (found === 'lost') branch.state = 'failed';
    if (found === 'there') {
      branch.state = 'working';
      branch.at += 1;
      branch.known.push(...reads.map((read) => this.valueOf(part, read)));
    }
    return found !== 'missing';
  }

  #end(part: Part): boolean {
    const { branches, sketch } = part;
    if (!branches.every(hasEnded)) return false;
    const written = sketch.branches.flat().flatMap((step) => (step.do === 'write' ? step.attribute : []));
    const owes = Object.keys(attributesOf(sketch)).some((attribute) => !written.includes(attribute));
    part.phase = owes || branches.some(({ state }) => state === 'failed') ? 'failed' : 'complete';
    if (part.phase === 'complete') this.there.set(part.key, null);
    if (part.phase === 'complete' && isPlain(part)) {
      const given = Object.keys(sketch.inputs).map((input) => this.valueOf(part, input));
      for (const attribute of written) this.#write(part, attribute, [...given, ...(branches[0]?.known ?? [])]);
    }
    return true;
  }

  /** A value tells of all that its branch has read. */
  #write({ key, sketch }: Part, attribute: string, known: readonly Json[]): void {
    this.there.set(`${key}.${attribute}`, digest([sketch.name, attribute, ...known]));
  }

  /** Whoever waits by that read is told that it gets no answer. */
  fail(part: Part, read: string): void {
    if (part.phase === 'waiting') part.phase = 'skipped';
    for (const branch of part.branches) {
      if (branch.state === 'reading' && readsOf(branch).includes(read)) branch.state = 'failed';
    }
  }

  #find(part: Part, reads: readonly string[]): 'there' | 'missing' | 'lost' {
    const missing = reads.flatMap((read) => this.missing(part, read));
    if (missing.length === 0) return 'there';
    const lost = this.parts.filter(({ phase }) => phase === 'failed' || phase === 'skipped').flatMap(namesOf);
    return missing.some((name) => lost.includes(name)) ? 'lost' : 'missing';
  }

  missing({ stack, sketch }: Part, read: string): readonly string[] {
    return targetsOf(stack, sketch, read).filter((name) => !this.there.has(name));
  }

  /** Of an input, the values of what it refers to, and its constant; of a read by name, the value. */
  valueOf({ stack, sketch }: Part, read: string): Json {
    const values = targetsOf(stack, sketch, read).map((name) => this.there.get(name) ?? null);
    return read.includes('.') ? (values[0] as Json) : [...values, ...constantsOf(sketch, read)];
  }
}

export function readsToStart(part: Part): readonly string[] {
  return ['depends_on', ...(isPlain(part) ? Object.keys(part.sketch.inputs) : [])];
}

/** What the branch reads where it is. */
export function readsOf({ steps, at }: Branch): readonly string[] {
  const step = steps[at];
  return step?.do === 'read' ? [step.name] : step?.do === 'await' ? step.inputs : [];
}

export function hasEnded({ steps, at, state }: Branch): boolean {
  return state === 'failed' || at >= steps.length;
}

function newPart(stack: string, sketch: ResourceSketch): Part {
  const branches = sketch.branches.map((steps): Branch => ({ steps, at: 0, state: 'working', known: [] }));
  return { key: `${stack}.${sketch.name}`, stack, sketch, phase: 'absent', branches };
}

function isPlain({ sketch }: Part): boolean {
  return sketch.type === 'Sim::Plain';
}

/** The resource itself, for its end, and its attributes. */
function namesOf({ key, sketch }: Part): readonly string[] {
  return [key, ...Object.keys(attributesOf(sketch)).map((attribute) => `${key}.${attribute}`)];
}
