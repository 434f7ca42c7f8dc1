import type { WaitingRead } from '../events.ts';
import { DONE, findPort, IN, labelOf, OUT, type PortGraph, START, startPort } from '../graph/port-graph.ts';
import { findResource, needsInput, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import { type Name, printName } from '../names.ts';
import type { NameReader } from '../space/name-reader.ts';
import {
  type BlockedRead,
  type Blocker,
  printTarget,
  type WaitSource,
  type Waits,
  type WaitTarget,
} from '../space/waits.ts';
import type { ForeignNames } from './foreign-names.ts';
import type { Hooks } from './hooks.ts';
import type { Phase } from './phase.ts';
import type { Readiness } from './readiness.ts';
import type { ResourceRun } from './resource-run.ts';

/** What who waits for whom is seen from. */
export interface BlockersParts {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly readiness: Readiness;
  readonly names: NameReader;
  readonly foreign: ForeignNames;
  readonly waits: Pick<Waits, 'source'>;
  readonly hooks?: Hooks | undefined;
  /** By the number of the resource. */
  readonly phases: readonly Phase[];
  /** By the number of the resource: the run that it has. */
  readonly runs: readonly (ResourceRun | undefined)[];
  /** No handler works and none can start. */
  readonly isIdle: () => boolean;
  /** A handler works or can start, and the traversal goes on. */
  readonly isAtWork: () => boolean;
  /** Whether the value of a resource that is compared was confirmed. */
  readonly isConfirmed: (resource: number, attribute: string) => boolean;
  /** The inputs that a resource that is compared waits for. */
  readonly missingInputs: (resource: number) => readonly string[];
  /** What a resource that is compared waits for since its handler has read it by name before. */
  readonly awaitedReads: (resource: number) => readonly Name[];
  /** Whether the value of an `out` port is on its way into the space. */
  readonly isArriving: (port: number) => boolean;
  /** When the traversal was run, from when on its plain resources are blocked. */
  readonly startedAt: () => number;
}

/** What keeps a resource from going on. */
export interface WaitsFor {
  /** Resources of its stack, by their numbers. */
  readonly resources: readonly number[];
  /** Whether it waits for what is not of its stack. */
  readonly isForeign: boolean;
  /** Whether that is of no stack that is at work in this engine. */
  readonly isOutside: boolean;
}

/** Who waits for whom in one traversal, and for what: looked up when somebody asks, and kept nowhere. */
export class Blockers implements WaitSource {
  readonly #parts: BlockersParts;
  readonly #stack: StackInterface;
  readonly #graph: PortGraph;
  readonly #readiness: Readiness;
  readonly #foreign: ForeignNames;
  readonly #phases: readonly Phase[];
  readonly #runs: readonly (ResourceRun | undefined)[];
  /** By port, what resources that are compared and wait in circles are told through that they cannot go on. */
  readonly #comparedReads = new Map<number, BlockedRead>();

  constructor(parts: BlockersParts) {
    this.#parts = parts;
    this.#stack = parts.stack;
    this.#graph = parts.graph;
    this.#readiness = parts.readiness;
    this.#foreign = parts.foreign;
    this.#phases = parts.phases;
    this.#runs = parts.runs;
  }

  /** What each blocked resource waits for now, in template order. */
  waiting(): readonly WaitingRead[] {
    const reads = this.#stack.resources.flatMap((resource): readonly WaitingRead[] => {
      const phase = this.#phases[resource.index];
      if (phase === 'waiting' || phase === 'comparing') {
        const blockers = phase === 'waiting' ? this.#startBlockers(resource) : this.#inputBlockers(resource);
        const since = this.#parts.startedAt();
        const byName = this.#parts
          .awaitedReads(resource.index)
          .map(([space, stack, of, attribute]) =>
            this.#waitingRead(resource.name, undefined, { space, stack, resource: of, attribute }, since),
          );
        const declared = blockers.flatMap((blocker) =>
          blocker.missing.map((target) => this.#waitingRead(resource.name, blocker.input, target, since)),
        );
        return [...declared, ...byName];
      }
      const run = phase === 'running' ? this.#runs[resource.index] : undefined;
      return (run?.blockedReads ?? []).flatMap((read) =>
        read.missing().map((target) => ({
          ...this.#waitingRead(resource.name, read.input, target, read.since),
          ...read.describe?.(),
          ...(read.awaits === undefined ? {} : { awaits: read.awaits }),
        })),
      );
    });
    return [...reads, ...(this.#parts.hooks?.waiting() ?? [])];
  }

  /** How a resource of this stack stands, for somebody who waits for it. */
  describeWriter(resource: string, attribute: string): Pick<WaitingRead, 'writer' | 'reason'> {
    const found = findResource(this.#stack, resource);
    if (found === undefined || (attribute !== 'done' && !Object.hasOwn(found.outputs, attribute))) {
      return {
        writer: 'undeclared',
        reason: `stack '${this.#stack.stack}' declares no '${resource}.${attribute}'; somebody outside may write it`,
      };
    }
    const phase = this.#phases[found.index];
    if (phase === 'complete' || this.#isArriving(found, attribute)) {
      return { writer: 'running', reason: `'${resource}' has written it, and it is on its way` };
    }
    if (phase === 'failed' || phase === 'skipped') {
      return { writer: 'running', reason: `'${resource}' will not write it, and that is on its way` };
    }
    if (phase === 'running') {
      if (this.#runs[found.index]?.work.isPaused === true) {
        return { writer: 'running', reason: `'${resource}' waits for its next attempt` };
      }
      return this.#runs[found.index]?.isBlocked === true
        ? { writer: 'blocked', reason: `the handler of '${resource}' waits itself` }
        : { writer: 'running', reason: `the handler of '${resource}' is at work` };
    }
    if (phase === 'paused' || phase === 'held') {
      return { writer: 'blocked', reason: `'${resource}' is paused until a hook is cleared` };
    }
    const isCompared = phase === 'comparing';
    const blockers = isCompared ? this.#inputBlockers(found) : this.#startBlockers(found);
    const awaited = blockers.flatMap((blocker) => blocker.missing.map(printTarget));
    const missing = [...awaited, ...this.#parts.awaitedReads(found.index).map(printName)];
    const state = isCompared ? 'is still compared with what it was made with' : 'has not started';
    return {
      writer: 'notStarted',
      reason:
        missing.length === 0
          ? `'${resource}' waits for a slot`
          : `'${resource}' ${state}: it waits for ${missing.join(', ')}`,
    };
  }

  /** Its handler has written it, and it is on its way into the store or the space. */
  #isArriving({ index }: ResourceInterface, attribute: string): boolean {
    if (this.#runs[index]?.writes.has(attribute) === true) return true;
    const port = findPort(this.#graph, index, OUT, attribute);
    return port !== undefined && this.#parts.isArriving(port);
  }

  /** What is still missing before an `in` or `start` port can fire. */
  missingOf(port: number): readonly WaitTarget[] {
    const { offsets, targets } = this.#graph.predecessors;
    const { space, stack } = this.#stack;
    const missing: WaitTarget[] = [];
    for (let edge = offsets[port] as number; edge < (offsets[port + 1] as number); edge += 1) {
      const before = targets[edge] as number;
      if (!this.#isMissing(before)) continue;
      const resource = this.#graph.names[this.#graph.owners[before] as number] as string;
      missing.push({ space, stack, resource, attribute: labelOf(this.#graph, before) });
    }
    return this.#foreign.isAwaited(port) ? [...missing, ...this.#foreign.targetsOf(port)] : missing;
  }

  /** The same as names, for events: there is one for each input of a stack. */
  missingNames(port: number): readonly Name[] {
    if (this.#foreign.isAwaited(port)) return this.missingOf(port).map(toName);
    const { offsets, targets } = this.#graph.predecessors;
    const { space, stack } = this.#stack;
    // Nearly always one: a list that begins empty has room for 17 with the first.
    let names: Name[] | undefined;
    for (let edge = offsets[port] as number; edge < (offsets[port + 1] as number); edge += 1) {
      const before = targets[edge] as number;
      if (!this.#isMissing(before)) continue;
      const resource = this.#graph.names[this.#graph.owners[before] as number] as string;
      const name: Name = [space, stack, resource, labelOf(this.#graph, before) ?? 'done'];
      if (names === undefined) names = [name];
      else names.push(name);
    }
    return names ?? NO_NAMES;
  }

  /** Whether it is a value or an end of a resource that has not come; others are told of through these. */
  #isMissing(port: number): boolean {
    const kind = this.#graph.kinds[port];
    return (kind === OUT || kind === DONE) && this.#readiness.isPending(port);
  }

  /** See WaitSource. */
  blockers(name: string, attribute: string | undefined): readonly Blocker[] {
    const resource = findResource(this.#stack, name);
    if (resource === undefined) return [];
    const phase = this.#phases[resource.index];
    if (phase === 'waiting') return this.#startBlockers(resource);
    if (phase === 'comparing') return this.#comparisonBlockers(resource, attribute);
    const run = phase === 'running' ? this.#runs[resource.index] : undefined;
    // What is written comes, though it may still be on its way into the store or the space.
    if (attribute !== undefined && run?.writes.has(attribute) === true) return [];
    return (run?.blockedReads ?? []).map((read) => ({
      input: read.input,
      missing: read.missing(),
      isNeeded: attribute === undefined || needsInput(resource, attribute, read.input),
      read,
    }));
  }

  /** See WaitSource. */
  keep(name: string, attribute: string): boolean {
    const resource = findResource(this.#stack, name);
    return resource !== undefined && this.#runs[resource.index]?.writes.keep(attribute) === true;
  }

  /** See WaitSource. */
  get isAtWork(): boolean {
    return this.#parts.isAtWork();
  }

  /** See WaitSource. */
  comparedInputs(name: string): readonly WaitTarget[] | undefined {
    const resource = findResource(this.#stack, name);
    if (resource === undefined || this.#phases[resource.index] !== 'comparing') return undefined;
    if (this.#parts.awaitedReads(resource.index).length > 0) return [];
    return this.#comparisonBlockers(resource, undefined).flatMap(({ missing }) => missing);
  }

  /** See WaitSource. */
  isConfirmed(name: string, attribute: string): boolean {
    const resource = findResource(this.#stack, name);
    return resource !== undefined && this.#parts.isConfirmed(resource.index, attribute);
  }

  /** What a resource that is compared waits for, as reads from which circles are looked for. */
  *readsOfCompared(resource: ResourceInterface): Iterable<BlockedRead> {
    const { space, stack } = this.#stack;
    const first = startPort(this.#graph, resource.index) + 1;
    for (const [position, input] of resource.inputNames.entries()) {
      const port = first + position;
      // One that was told of a circle does not wait for the rest any more.
      if (this.#phases[resource.index] !== 'comparing') return;
      if (!this.#parts.missingInputs(resource.index).includes(input) || !this.#readiness.isPending(port)) continue;
      const read = this.#readOf(port) ?? {
        reader: { space, stack, resource: resource.name },
        input,
        missing: () => this.missingOf(port),
        reject: (error) => this.#readiness.fail(port, error),
      };
      this.#comparedReads.set(port, read);
      yield read;
    }
  }

  #readOf(port: number): BlockedRead | undefined {
    return this.#foreign.readOf(port) ?? this.#comparedReads.get(port);
  }

  /** The resources that keep another from going on, and what else does. */
  waitsFor(index: number): WaitsFor {
    const { space, stack, resources } = this.#stack;
    const { name } = resources[index] as ResourceInterface;
    const missing = this.blockers(name, undefined).flatMap((blocker) => blocker.missing);
    const own = missing.filter((target) => target.space === space && target.stack === stack);
    const numbers = own.flatMap(({ resource }) => findResource(this.#stack, resource)?.index ?? []);
    const isOutside = missing.some((target) => this.#parts.waits.source(target.space, target.stack) === undefined);
    return { resources: numbers, isForeign: numbers.length < missing.length, isOutside };
  }

  /** What a resource that has not started waits for: its inputs if it is plain, and its depends_on. */
  #startBlockers(resource: ResourceInterface): readonly Blocker[] {
    const blockers: Blocker[] = [];
    const start = startPort(this.#graph, resource.index);
    const add = (input: string, port: number): void => {
      const missing = this.missingOf(port);
      if (missing.length === 0) return;
      blockers.push({ input, missing, isNeeded: true, read: this.#foreign.readOf(port) });
    };
    add('depends_on', start);
    return resource.type.kind === 'plain' ? [...blockers, ...this.#inputBlockers(resource)] : blockers;
  }

  /** An attribute may be confirmed without the inputs that it does not need, if these wait for it. */
  #comparisonBlockers(resource: ResourceInterface, attribute: string | undefined): readonly Blocker[] {
    const names = this.#parts.missingInputs(resource.index);
    return this.#inputBlockers(resource).filter(
      ({ input }) =>
        input !== undefined &&
        names.includes(input) &&
        (attribute === undefined || needsInput(resource, attribute, input)),
    );
  }

  /**
   * The ports that keep a port which has not fired from firing; undefined when somebody is at work for it, or it waits for
   * what is not of this stack.
   */
  heldUpBy(port: number): readonly number[] | undefined {
    const owner = this.#graph.owners[port] as number;
    const kind = this.#graph.kinds[port];
    if (kind === IN || kind === START) {
      const { offsets, targets } = this.#graph.predecessors;
      const before = targets.subarray(offsets[port], offsets[port + 1]);
      return this.#foreign.isAwaited(port) ? undefined : [...before].filter((each) => this.#readiness.isPending(each));
    }
    if (this.#parts.isArriving(port)) return undefined;
    const first = startPort(this.#graph, owner);
    const { type, inputNames } = this.#stack.resources[owner] as ResourceInterface;
    const all = inputNames.map((_, position) => first + 1 + position).filter((each) => this.#readiness.isPending(each));
    switch (this.#phases[owner]) {
      case 'waiting':
        return [...(this.#readiness.isPending(first) ? [first] : []), ...(type.kind === 'plain' ? all : [])];
      case 'comparing':
        return this.#parts.awaitedReads(owner).length > 0 ? undefined : all;
      case 'running':
        return this.#runIsHeldUpBy(owner, port);
      default:
        return undefined;
    }
  }

  /**
   * A handler that is blocked may still write what does not need the read; but when nobody is at work any more, it is taken to
   * wait for it, whatever it declares.
   */
  #runIsHeldUpBy(owner: number, port: number): readonly number[] | undefined {
    const run = this.#runs[owner];
    if (run === undefined || !run.isBlocked) return undefined;
    const { resource, blockedReads } = run;
    const attribute = labelOf(this.#graph, port);
    if (attribute !== undefined && run.writes.has(attribute)) return undefined;
    const needed = blockedReads.filter(
      ({ input }) => attribute === undefined || needsInput(resource, attribute, input),
    );
    const reads = needed.length === 0 && this.#parts.isIdle() ? blockedReads : needed;
    const ports = reads.map(({ input }) => input !== undefined && findPort(this.#graph, owner, IN, input));
    return ports.length > 0 && ports.every((each) => typeof each === 'number') ? ports : undefined;
  }

  /** The inputs that are not there. */
  #inputBlockers(resource: ResourceInterface): readonly Blocker[] {
    const first = startPort(this.#graph, resource.index) + 1;
    return resource.inputNames.flatMap((name, position) => {
      const missing = this.missingOf(first + position);
      if (missing.length === 0) return [];
      return [{ input: name, missing, isNeeded: true, read: this.#readOf(first + position) }];
    });
  }

  #waitingRead(reader: string, input: string | undefined, target: WaitTarget, since: number): WaitingRead {
    return { reader, input, name: toName(target), since, ...this.#parts.names.describeWriter(target) };
  }
}

const NO_NAMES: readonly Name[] = [];

export function toName({ space, stack, resource, attribute }: WaitTarget): Name {
  return [space, stack, resource, attribute ?? 'done'];
}
