import type { SignalledResource } from '../resource/handler.ts';
import type { ResourceRecord } from '../store/stack-store.ts';
import { type Json, type JsonObject, withoutDigests } from '../values.ts';
import type { ReadToBlock } from './blocked-reads.ts';
import { type Outcome, settled } from './outcome.ts';
import type { Signals } from './signals.ts';

/** What a handler's sight of signalled resources works with. */
export interface SignalledResourcesParts {
  readonly space: string;
  readonly stack: string;
  readonly signals: Signals;
  /** The record of a resource as it is now; undefined while there is none. */
  readonly recordOf: (resource: string) => ResourceRecord | undefined;
  /** Blocks the handler; `key` names the wait. */
  readonly block: (key: string, read: ReadToBlock) => Promise<Json>;
}

/** The resources that one handler waits for signals to, or signals itself. */
export class SignalledResources {
  readonly #parts: SignalledResourcesParts;
  /** How often it has waited for signals. */
  #waits = 0;

  constructor(parts: SignalledResourcesParts) {
    this.#parts = parts;
  }

  get(name: string): SignalledResource {
    const { signals } = this.#parts;
    const record = (): ResourceRecord | undefined => this.#parts.recordOf(name);
    return {
      name,
      type: record()?.type ?? '',
      get properties() {
        return withoutDigests(record()?.properties ?? {});
      },
      get metadata() {
        return record()?.metadata ?? {};
      },
      until: (isEnough, signal) => this.#until(name, isEnough, signal) as Promise<JsonObject>,
      signal: async (data) => void (await signals.deliver(name, data)),
    };
  }

  /** Blocks until what the signals to a resource have left behind is enough. */
  #until(name: string, isEnough: (metadata: JsonObject) => boolean, signal: AbortSignal | undefined): Promise<Json> {
    const { space, stack, signals, recordOf, block } = this.#parts;
    const outcomeOf = (metadata: JsonObject): Outcome | undefined => {
      try {
        return isEnough(metadata) ? { value: metadata } : undefined;
      } catch (error) {
        return { error };
      }
    };
    const metadata = (): JsonObject => recordOf(name)?.metadata ?? {};
    const present = outcomeOf(metadata());
    if (present !== undefined) return settled(present);
    this.#waits += 1;
    return block(`signals ${this.#waits}`, {
      input: undefined,
      missing: () => [{ space, stack, resource: name, attribute: 'signals' }],
      subscribe: (wake) =>
        signals.listen(name, (received) => {
          const outcome = outcomeOf(received);
          if (outcome !== undefined) wake(outcome);
        }),
      signal,
      describe: () => {
        const count = Object.keys(metadata()).length;
        const reason = `somebody has to signal '${name}'; ${count} signal${count === 1 ? ' has' : 's have'} come`;
        return { writer: 'outside', reason };
      },
    });
  }
}
