import type { Clock, Randomness } from '../clock.ts';
import type { HotloomError, ResourceFailure } from '../errors.ts';
import type { Action, EventHub } from '../events.ts';
import type { PortGraph } from '../graph/port-graph.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import type { SecretReads } from '../interface/secret-reads.ts';
import type { PresentResource } from '../plan/comparison.ts';
import type { EndpointAccess, ResourceIdentity } from '../resource/handler.ts';
import type { ResourceTypes } from '../resource/registry.ts';
import type { Conceal, Secrets } from '../secrets.ts';
import type { Region } from '../space/data-space.ts';
import type { NameReader } from '../space/name-reader.ts';
import type { Waits } from '../space/waits.ts';
import type { StackStore } from '../store/stack-store.ts';
import type { JsonObject } from '../values.ts';
import type { HookTypes } from './hook-pauses.ts';
import type { Hooks } from './hooks.ts';
import type { Journal } from './journal.ts';
import type { Slots } from './slots.ts';
import type { Traversal } from './traversal.ts';

/** What one traversal works with. */
export interface TraversalParts {
  readonly stackId: string;
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly region: Region;
  readonly names: NameReader;
  readonly waits: Waits;
  readonly slots: Slots;
  readonly journal: Journal;
  readonly events: EventHub;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Fires when the action is cancelled or timed out. */
  readonly signal: AbortSignal;
  /** How long handlers may take to stop after that before they are given up. */
  readonly cancelGraceMs: number;
  /** What is secret by its value, as far as it is known: more comes in. */
  readonly secrets: Secrets;
  /** What is secret by what the template says. */
  readonly reads: SecretReads;
  /** Masks secrets. */
  readonly redact: (text: string) => string;
  readonly openEndpoint: (resource: ResourceIdentity) => Promise<EndpointAccess>;
  /** Opens the port at which this engine takes signals, if it is not open. Throws PortFailed. */
  readonly openSignalPort: () => Promise<{ readonly host: string; readonly port: number }>;
  /** Told when no handler of this traversal works, none can start, and reads are blocked; where there are other stacks, each time that one stops. */
  readonly didIdle: (traversal: Traversal) => void;
  /** Told when the space refuses a value. */
  readonly didBreak: (error: unknown) => void;
  /** What an interrupted traversal of the same action has stored, by resource. Default: nothing. */
  readonly stored?: ReadonlyMap<string, StoredResource> | undefined;
  /** What an update finds and may have to change. Default: nothing. */
  readonly present?: ReadonlyMap<string, PresentResource> | undefined;
  /** What a restore brings resources back to, by their names. Default: nothing. */
  readonly snapshots?: ReadonlyMap<string, JsonObject> | undefined;
  /** Why an update must not do that with a resource; undefined when it may. */
  readonly refusal: (resource: ResourceInterface, verdict: 'update' | 'replace') => HotloomError | undefined;
  /** The hooks of the environment. Default: there are none. */
  readonly hooks?: Hooks | undefined;
  readonly hookTypes?: HookTypes | undefined;
  /** Makes the properties of a resource fit to be stored. */
  readonly conceal: Conceal<ResourceInterface>;
  readonly types: ResourceTypes;
  readonly store: Pick<StackStore, 'values'>;
}

/**
 * A resource of which an earlier traversal has stored something that stands: it is complete or has failed, or its handler
 * is called again under the same token.
 */
export interface StoredResource extends PresentResource {
  /** Why it has failed, where that is known better than the record tells it. */
  readonly failure?: HotloomError;
  /** Those of its values that another stack has read. */
  readonly readElsewhere: ReadonlySet<string>;
}

/** How a traversal ended. */
export interface TraversalResult {
  /** The failures of resources that failed by themselves, in the order in which they happened. */
  readonly failures: readonly ResourceFailure[];
  /** What was done to the resource of the first of them; undefined when it was not touched. */
  readonly failedAction: Action | undefined;
  /** The resources that were not started, because what they wait for failed, or because of a cancel. */
  readonly skipped: readonly string[];
  /** Why the first of those was not started; what counts when no resource failed by itself. */
  readonly skipCause: unknown;
}
