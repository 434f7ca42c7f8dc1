import type { EngineEvent } from '../../src/events.ts';
import type { StoreChange } from '../../src/store/stack-store.ts';
import type { Json } from '../../src/values.ts';

/** What happened in one play of a scenario, in order. */
export type Entry = {
  /** Simulated milliseconds. */
  readonly time: number;
} & (
  | { readonly kind: 'told'; readonly event: EngineEvent }
  | { readonly kind: 'stored'; readonly stack: string; readonly changes: readonly StoreChange[] }
  | ({ readonly kind: 'handler'; readonly stack: string; readonly resource: string } & Deed)
  | {
      readonly kind: 'world';
      readonly did: 'make' | 'remove';
      readonly stack: string;
      readonly resource: string;
      readonly token: string;
    }
  /** In the data space there is a value, or a resource of whose attributes none comes any more. */
  | { readonly kind: 'arrived'; readonly name: string; readonly isFailure: boolean }
  /** Somebody outside writes a name, its own text as the value. */
  | { readonly kind: 'outside'; readonly name: string }
  | { readonly kind: 'killed' }
);

/**
 * What a handler does. `read` is an input's name, or a full name in its printed form; `ask` numbers the questions, each of
 * which is answered once.
 */
export type Deed =
  | { readonly did: 'start' | 'end' | 'fail' }
  /** It has told the id by which alone it is known, and was answered. */
  | { readonly did: 'tell' }
  | { readonly did: 'ask' | 'miss'; readonly ask: number; readonly read: string }
  | { readonly did: 'get'; readonly ask: number; readonly read: string; readonly value: Json }
  | { readonly did: 'write'; readonly attribute: string; readonly value: Json };
