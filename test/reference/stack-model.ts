import type { StackSketch } from '../simulation/scenario.ts';
import { type Branch, hasEnded, namesOf, type Part, partsOf, readsOf, readValue, targetsOf, writesOf } from './part.ts';
import { SpaceModel } from './space-model.ts';

/**
 * The creation of stacks as a page of plain code, to be read against the design: one step of one handler after the other. All
 * that anybody waits for is a name in the space: `stack.resource.attribute`, and `stack.resource` for a resource's end.
 */
export class StackModel {
  readonly space = new SpaceModel();
  readonly parts: readonly Part[];

  constructor(stacks: readonly StackSketch[]) {
    this.parts = stacks.flatMap(partsOf);
  }

  /** What a condition leaves out is done, and reads as null. */
  begin(stack: string): void {
    const own = this.parts.filter((part) => part.stack === stack);
    this.space.declare(stack, own.flatMap(namesOf));
    for (const part of own) {
      part.phase = part.sketch.isEnabled ? 'waiting' : 'complete';
      if (!part.sketch.isEnabled) for (const name of namesOf(part)) this.space.writeOwn(stack, name, null);
    }
  }

  /** A branch of a handler takes its next step. What a streaming handler writes is there at once. */
  step(part: Part, branch: Branch): void {
    const step = branch.steps[branch.at]?.do;
    if (step === 'await' || step === 'read') branch.state = 'reading';
    else if (step === 'fail') branch.state = 'failed';
    else if (step !== 'hang') {
      for (const [name, value] of writesOf(part, branch, this.space)) {
        part.written.set(name, value);
        if (!part.isPlain && this.space.writeOwn(part.stack, name, value) !== 'done') branch.state = 'failed';
      }
      branch.at += 1;
    }
  }

  /** One thing that follows by itself happens; false when nothing does any more. */
  follow(): boolean {
    return this.parts.some((part) => {
      if (part.phase === 'waiting') return this.#start(part);
      return part.phase === 'running' && (part.branches.some((each) => this.#read(part, each)) || this.#end(part));
    });
  }

  /** A resource starts when what it depends on is done and, if it is plain, its inputs are there; or never. */
  #start(part: Part): boolean {
    const found = this.#find(part, ['depends_on', ...part.given]);
    if (found === 'never') this.giveUp(part, 'skipped');
    if (found === 'there') part.phase = 'running';
    return found !== 'missing';
  }

  /** A branch goes on after a read when all that it refers to is there, and fails when some of that never comes. */
  #read(part: Part, branch: Branch): boolean {
    const found = branch.state === 'reading' ? this.#find(part, readsOf(branch)) : 'missing';
    if (found === 'never') branch.state = 'failed';
    if (found === 'there') {
      branch.known.push(...readsOf(branch).map((read) => readValue(part, read, this.space)));
      branch.state = 'working';
      branch.at += 1;
    }
    return found !== 'missing';
  }

  /** A handler ends when its branches have: well, when none has failed and it has written what it declares and no more. */
  #end(part: Part): boolean {
    if (!part.branches.every(hasEnded)) return false;
    const [done, ...names] = namesOf(part) as [string, ...string[]];
    const isWhole = part.written.size === names.length && names.every((name) => part.written.has(name));
    if (!isWhole || part.branches.some(({ state }) => state === 'failed')) this.giveUp(part, 'failed');
    else {
      part.phase = 'complete';
      for (const [name, value] of [...part.written, [done, null] as const])
        this.space.writeOwn(part.stack, name, value);
    }
    return true;
  }

  /** What it has written stands; what it owes never comes. */
  giveUp(part: Part, phase: 'failed' | 'skipped'): void {
    part.phase = phase;
    this.space.fail(part.stack, part.key);
  }

  #find(part: Part, reads: readonly string[]): 'there' | 'missing' | 'never' {
    const held = reads.flatMap((read) => targetsOf(part, read)).map((name) => this.space.held.get(name));
    if (held.some((each) => each !== undefined && 'failure' in each)) return 'never';
    return held.includes(undefined) ? 'missing' : 'there';
  }
}
