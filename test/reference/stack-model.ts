import type { Json } from '../../src/values.ts';
import { attributesOf, constantsOf, type ResourceSketch, type StackSketch, type Step } from '../simulation/scenario.ts';
import { targetsOf } from '../simulation/state.ts';
import { digest } from '../simulation/world.ts';

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
  /** The same of what never comes. */
  readonly lost = new Set<string>();
  readonly #rules: Rules;

  constructor(stacks: readonly StackSketch[], rules: Partial<Rules> = {}) {
    this.#rules = { ...RULES, ...rules };
    const all = stacks.flatMap(({ name, resources }) => resources.map((sketch) => newPart(name, sketch)));
    this.parts = all.filter(({ sketch }) => sketch.isEnabled);
    for (const part of all) {
      if (!part.sketch.isEnabled) for (const name of namesOf(part)) this.there.set(name, this.#rules.leftOut);
    }
  }

  begin(stack: string): void {
    for (const part of this.parts) if (part.stack === stack) part.phase = 'waiting';
  }

  /** A branch of a handler does what comes next in it. A read that finds everything there waits for no time. */
  step(part: Part, branch: Branch): void {
    const step = branch.steps[branch.at] as Step;
    if (step.do === 'await' || step.do === 'read') branch.isReading = true;
    else if (step.do === 'fail' || step.do === 'rewrite' || step.do === 'stray') branch.hasFailed = true;
    else if (step.do !== 'hang') branch.at += 1;
    if (step.do === 'write' && !isPlain(part)) this.#write(part, step.attribute, branch.known);
  }

  /** One thing that follows by itself happens; false when nothing does any more. */
  follow(): boolean {
    return this.parts.some((part) => {
      if (part.phase === 'waiting') return this.#start(part);
      if (part.phase !== 'running') return false;
      return part.branches.some((branch) => branch.isReading && this.#read(part, branch)) || this.#end(part);
    });
  }

  /** Whoever waits by that read is told that it gets no answer. */
  fail(part: Part, read: string): void {
    if (part.phase === 'waiting') this.#lose(part, 'skipped');
    for (const branch of part.branches) if (branch.isReading && readsOf(branch).includes(read)) endWith(branch);
  }

  missing(part: Part, read: string): readonly string[] {
    return targetsOf(part.stack, part.sketch, read).filter((name) => !this.there.has(name));
  }

  /** Of an input, the values of what it refers to, and its constant; of a read by name, the value. */
  valueOf({ stack, sketch }: Part, read: string): Json {
    const values = targetsOf(stack, sketch, read).map((name) => this.there.get(name) ?? null);
    return read.includes('.') ? (values[0] as Json) : [...values, ...constantsOf(sketch, read)];
  }

  #start(part: Part): boolean {
    const reads = readsToStart(part);
    if (reads.some((read) => this.#isLost(part, read))) return this.#lose(part, 'skipped');
    if (reads.some((read) => this.missing(part, read).length > 0)) return false;
    part.phase = 'running';
    const given = isPlain(part) ? Object.keys(part.sketch.inputs).map((input) => this.valueOf(part, input)) : [];
    for (const branch of part.branches) branch.known.push(...given);
    return true;
  }

  #read(part: Part, branch: Branch): boolean {
    const reads = readsOf(branch);
    if (reads.some((read) => this.#isLost(part, read))) return endWith(branch);
    if (reads.some((read) => this.missing(part, read).length > 0)) return false;
    branch.isReading = false;
    branch.at += 1;
    branch.known.push(...reads.map((read) => this.valueOf(part, read)));
    return true;
  }

  #end(part: Part): boolean {
    const { branches, sketch } = part;
    if (!branches.every(hasEnded)) return false;
    const written = branches.flatMap(({ steps }) =>
      steps.flatMap((step) => (step.do === 'write' ? step.attribute : [])),
    );
    const owes = Object.keys(attributesOf(sketch)).some((attribute) => !written.includes(attribute));
    if (owes || branches.some(({ hasFailed }) => hasFailed)) return this.#lose(part, 'failed');
    part.phase = 'complete';
    this.there.set(part.key, null);
    if (isPlain(part)) for (const attribute of written) this.#write(part, attribute, branches[0]?.known ?? []);
    return true;
  }

  /** A value tells of all that its branch has read. */
  #write({ key, sketch }: Part, attribute: string, known: readonly Json[]): void {
    this.there.set(`${key}.${attribute}`, digest([sketch.name, attribute, ...known]));
  }

  #lose(part: Part, phase: 'failed' | 'skipped'): true {
    part.phase = phase;
    for (const name of namesOf(part)) {
      if (!this.#rules.keepsWritten) this.there.delete(name);
      if (!this.there.has(name)) this.lost.add(name);
    }
    return true;
  }

  #isLost({ stack, sketch }: Part, read: string): boolean {
    return targetsOf(stack, sketch, read).some((name) => this.lost.has(name));
  }
}

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
  isReading: boolean;
  hasFailed: boolean;
  readonly known: Json[];
}

/** What the model goes by; others are wrong models. */
export interface Rules {
  /** Whether what a resource has written stands when it fails later. */
  readonly keepsWritten: boolean;
  /** What is read of a resource that a condition leaves out. */
  readonly leftOut: Json;
}

const RULES: Rules = { keepsWritten: true, leftOut: null };

function newPart(stack: string, sketch: ResourceSketch): Part {
  const branches = sketch.branches.map((steps) => ({ steps, at: 0, isReading: false, hasFailed: false, known: [] }));
  return { key: `${stack}.${sketch.name}`, stack, sketch, phase: 'absent', branches };
}

function isPlain({ sketch }: Part): boolean {
  return sketch.type === 'Sim::Plain';
}

export function readsToStart(part: Part): readonly string[] {
  return ['depends_on', ...(isPlain(part) ? Object.keys(part.sketch.inputs) : [])];
}

/** What the branch reads where it is. */
export function readsOf({ steps, at }: Branch): readonly string[] {
  const step = steps[at];
  return step?.do === 'read' ? [step.name] : step?.do === 'await' ? step.inputs : [];
}

export function hasEnded({ steps, at, hasFailed }: Branch): boolean {
  return hasFailed || at >= steps.length;
}

function endWith(branch: Branch): true {
  branch.isReading = false;
  branch.hasFailed = true;
  return true;
}

/** The resource itself, for its end, and its attributes. */
function namesOf({ key, sketch }: Part): readonly string[] {
  return [key, ...Object.keys(attributesOf(sketch)).map((attribute) => `${key}.${attribute}`)];
}
