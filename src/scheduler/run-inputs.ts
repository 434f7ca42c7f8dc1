import type { HotloomError } from '../errors.ts';
import { findPort, IN } from '../graph/port-graph.ts';
import { givenInput, placeOf } from '../interface/given.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import type { WaitTarget } from '../space/waits.ts';
import { type Json, setOwn } from '../values.ts';
import type { InPlaceUpdate } from './in-place-update.ts';
import type { Outcome } from './outcome.ts';
import { inputFailed } from './run-errors.ts';
import type { Readings } from './run-record.ts';
import type { Traversal } from './traversal.ts';

/** Whether an input is there, may still come, or never will. */
export type InputState = 'ready' | 'pending' | 'failed';

/** The inputs of one run, its properties and aliases, as far as they have come. */
export class RunInputs {
  readonly #traversal: Traversal;
  readonly #resource: ResourceInterface;
  readonly #update: InPlaceUpdate | undefined;

  /** `update`: what the run changes in place. */
  constructor(traversal: Traversal, resource: ResourceInterface, update: InPlaceUpdate | undefined) {
    this.#traversal = traversal;
    this.#resource = resource;
    this.#update = update;
  }

  /** True for a property or alias, whether the template gives it or not. */
  has(input: string): boolean {
    const { definition, type } = this.#resource;
    return (
      Object.hasOwn(definition.inputs, input) ||
      Object.hasOwn(type.properties, input) ||
      Object.hasOwn(definition.properties, input)
    );
  }

  stateOf(input: string): InputState {
    const { graph, readiness } = this.#traversal;
    const port = findPort(graph, this.#resource.index, IN, input);
    if (port === undefined || readiness.isFired(port)) return 'ready';
    return readiness.isPending(port) ? 'pending' : 'failed';
  }

  /** True when reading the input would not block, and it has not failed. */
  isReady(input: string): boolean {
    return this.stateOf(input) === 'ready';
  }

  /** What an input that is pending waits for. */
  missingOf(input: string): readonly WaitTarget[] {
    const port = findPort(this.#traversal.graph, this.#resource.index, IN, input);
    return port === undefined ? [] : this.#traversal.blockers.missingOf(port);
  }

  /** Why an input has failed. */
  failureOf(input: string): HotloomError {
    const { graph, readiness } = this.#traversal;
    const port = findPort(graph, this.#resource.index, IN, input);
    return inputFailed(this.#resource, input, port === undefined ? undefined : readiness.causeOf(port));
  }

  /** The value of an input that is ready. Throws what is wrong with it. */
  resolve(input: string): Json {
    const { missingValues, scope, stack, redact } = this.#traversal;
    const failure = missingValues.failureOf(this.#resource, input);
    if (failure !== undefined) throw inputFailed(this.#resource, input, failure);
    const value = givenInput(this.#resource, input, scope, placeOf(this.#resource, stack, redact)) as Json;
    this.#update?.check(input, value);
    return value;
  }

  /** The same, with what is thrown. */
  outcomeOf(input: string): Outcome {
    try {
      return { value: this.resolve(input) };
    } catch (error) {
      return { error };
    }
  }

  /**
   * Looks at what an update could not change: what is there and has come out different asks for a replacement. Returns what is
   * not there yet.
   */
  compareFixed(): readonly string[] {
    const fixed = this.#update?.fixed ?? [];
    for (const name of fixed) if (this.isReady(name)) this.outcomeOf(name);
    return fixed.filter((name) => !this.isReady(name));
  }

  /** What a streaming resource was made with, as far as it is there; `isAll`: nothing can come any more. */
  readings(): Readings & { readonly isAll: boolean } {
    const { definition } = this.#resource;
    const properties: Record<string, Json> = {};
    const inputs: Record<string, Json> = {};
    let isAll = true;
    const unread: string[] = [];
    const earlier = this.#update?.present.record;
    for (const [names, into, before] of [
      [definition.properties, properties, earlier?.properties],
      [definition.inputs, inputs, earlier?.inputs],
    ] as const) {
      for (const name in names) {
        const state = this.stateOf(name);
        isAll = isAll && state !== 'pending';
        const isThere = state === 'ready';
        if (!isThere && (earlier === undefined || earlier.unread?.includes(name) === true)) unread.push(name);
        // What does not come to an update it is still made with as it was.
        const outcome = isThere ? this.outcomeOf(name) : undefined;
        const value = outcome !== undefined && 'value' in outcome ? outcome.value : before?.[name];
        if (value !== undefined) setOwn(into, name, value);
      }
    }
    return {
      properties,
      inputs: Object.keys(inputs).length === 0 ? undefined : inputs,
      unread: unread.length === 0 ? undefined : unread,
      isAll,
    };
  }
}
