import type { ResourceInterface } from '../interface/interface.ts';
import { type Name, printName } from '../names.ts';
import type { SignalledResource } from '../resource/handler.ts';
import type { Entry } from '../space/data-space.ts';
import type { Json } from '../values.ts';
import { BlockedReads, type PendingRead, type ReadToBlock } from './blocked-reads.ts';
import type { HandlerWork } from './handler-work.ts';
import { LateReads } from './late-reads.ts';
import { type Outcome, settled } from './outcome.ts';
import { inputFailed, readFailed, runHasEnded } from './run-errors.ts';
import type { RunInputs } from './run-inputs.ts';
import type { RunRecord } from './run-record.ts';
import { SignalledResources } from './signalled-resources.ts';
import type { Traversal } from './traversal.ts';

/** What the reads of one run go with. */
export interface RunReadsParts {
  readonly traversal: Traversal;
  readonly resource: ResourceInterface;
  readonly inputs: RunInputs;
  readonly work: HandlerWork;
  readonly record: RunRecord;
}

/** What the handler of one run reads, or a process of it: inputs, values by their names, and signals. Blocks it meanwhile. */
export class RunReads {
  readonly #parts: RunReadsParts;
  // Made when they are needed first: most runs need none of them.
  #blocked: BlockedReads | undefined;
  /** Reads of inputs by a process that goes on after its resource is complete; they keep nobody waiting. */
  #late: LateReads | undefined;
  #signalled: SignalledResources | undefined;
  #failure: unknown;

  constructor(parts: RunReadsParts) {
    this.#parts = parts;
  }

  /** Those that the handler is blocked on now. */
  blocked(): readonly PendingRead[] {
    return this.#blocked?.all() ?? [];
  }

  get isBlocked(): boolean {
    return this.#blocked !== undefined && this.#blocked.size > 0;
  }

  /** The first error of a read by the handler's processes: what their end with an exit code began with. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * A read by a process of the handler has failed. Counts as what a later failure of the handler began with: an exit code
   * tells nothing of it. A handler that reads itself gets the error, and passes on what it wants to.
   */
  didFail(error: unknown): void {
    this.#failure ??= error;
  }

  /** The value of an input; blocks until everything it refers to is there. */
  input(input: string, signal?: AbortSignal): Promise<Json> {
    const { inputs, work, resource } = this.#parts;
    if (work.isGivenUp) return Promise.reject(runHasEnded(resource));
    const state = inputs.stateOf(input);
    if (state === 'ready') return settled(inputs.outcomeOf(input));
    if (state === 'failed') return Promise.reject(inputs.failureOf(input));
    if (work.hasEnded) {
      this.#late ??= new LateReads();
      return this.#late.read(input, signal);
    }
    return this.#block(input, { input, missing: () => inputs.missingOf(input), subscribe: () => () => {}, signal });
  }

  /** The value of an input, undefined while it is not there. Throws when it has failed. */
  tryInput(input: string): Json | undefined {
    const { inputs, work, resource } = this.#parts;
    if (work.isGivenUp) throw runHasEnded(resource);
    switch (inputs.stateOf(input)) {
      case 'ready':
        return inputs.resolve(input);
      case 'pending':
        return undefined;
      default:
        throw inputs.failureOf(input);
    }
  }

  /** The `in` port of an input has fired or failed. */
  inputDidSettle(input: string, failure: unknown): void {
    const { inputs, resource } = this.#parts;
    const read = this.#blocked?.get(input);
    if (read === undefined && this.#late === undefined) return;
    const outcome = failure === undefined ? inputs.outcomeOf(input) : { error: inputFailed(resource, input, failure) };
    read?.settle(outcome);
    this.#late?.settle(input, outcome);
  }

  /** A value by its full name; blocks until it is written. */
  name(name: Name, signal?: AbortSignal): Promise<Json> {
    const { names } = this.#parts.traversal;
    const present = names.tryRead(name);
    if (present !== undefined) return settled(this.#outcomeOf(name, present));
    const [space, stack, resource, attribute] = name;
    return this.#block(printName(name), {
      input: undefined,
      missing: () => [{ space, stack, resource, attribute }],
      subscribe: (wake) => names.subscribe(name, (entry) => wake(this.#outcomeOf(name, entry))),
      signal,
    });
  }

  /** See CreateCall. */
  signalled(refid: string): SignalledResource | undefined {
    const { traversal, resource } = this.#parts;
    const name = traversal.resourceByRefid(refid, resource);
    if (name === undefined) return undefined;
    this.#signalled ??= this.#newSignalled();
    return this.#signalled.get(name);
  }

  /** Ends every blocked read with `error`. */
  reject(error: unknown): void {
    this.#blocked?.reject(error);
  }

  #outcomeOf(name: Name, entry: Entry): Outcome {
    const { traversal, resource, record } = this.#parts;
    if ('failure' in entry) return { error: readFailed(resource, printName(name), entry.failure) };
    traversal.didReadName(name, entry);
    const { space, stack, numbers } = traversal.stack;
    const isOwn = name[0] === space && name[1] === stack && numbers.has(name[2]);
    if (!isOwn || name[2] !== resource.name) {
      record.didRead(isOwn ? { name, ...entry, isOwn } : { name, ...entry });
    }
    return { value: entry.value };
  }

  #block(key: string, read: ReadToBlock): Promise<Json> {
    const { work, traversal, resource } = this.#parts;
    if (work.hasEnded) return Promise.reject(runHasEnded(resource));
    const stopped = traversal.stopReason;
    if (stopped !== undefined) return Promise.reject(stopped);
    if (read.signal?.aborted) return Promise.reject(read.signal.reason);
    this.#blocked ??= this.#newBlocked();
    return this.#blocked.block(key, read);
  }

  #newBlocked(): BlockedReads {
    const { traversal, resource, work } = this.#parts;
    const { space, stack } = traversal.stack;
    return new BlockedReads({
      reader: { space, stack, resource: resource.name },
      waits: traversal.waits,
      clock: traversal.clock,
      slots: traversal.slots,
      work,
      didBlock: (read) => traversal.didBlock(read, this.#blocked?.size === 1),
      didUnblock: (read) => traversal.didUnblock(read, !this.isBlocked && !work.hasEnded),
    });
  }

  #newSignalled(): SignalledResources {
    const { traversal } = this.#parts;
    const { space, stack } = traversal.stack;
    return new SignalledResources({
      space,
      stack,
      signals: traversal.signals,
      recordOf: (resource) => traversal.recordNow(resource),
      block: (key, read) => this.#block(key, read),
    });
  }
}
