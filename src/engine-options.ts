import { hostname, userInfo } from 'node:os';
import type { Clock, Randomness } from './clock.ts';
import { UsageError } from './errors.ts';
import type { Granularity } from './graph/build.ts';
import type { ResourceType } from './resource/resource-type.ts';
import type { ReadyOrder } from './scheduler/ready-order.ts';
import type { DataSpace } from './space/data-space.ts';
import type { Limits } from './stack/services.ts';
import type { KeyInput } from './store/encryption-key.ts';
import type { StackStore } from './store/stack-store.ts';
import type { CustomConstraints } from './template/constraints.ts';
import { DEFAULT_MAX_TEMPLATE_SIZE, type DuplicateKeys } from './template/yaml.ts';
import { listNames, suggest } from './wording.ts';

export interface EngineOptions {
  /**
   * Resource types besides those of Heat that need no cloud: `OS::Heat::Value`, `RandomString`, `None`, `TestResource`, the
   * wait conditions and their handles, and what is made of others (groups, chains, `OS::Heat::Stack`). One of a name of which
   * only Heat's definition is known (`OS::Nova::Server`, say; see heatType) takes its place.
   */
  readonly types?: readonly ResourceType[];
  /** Where stacks are kept; default: in memory. `SqliteStore.open(file)` keeps them. Closed with the engine. */
  readonly store?: StackStore;
  /**
   * Keys that secrets are stored encrypted with (AES-256-GCM): the values of hidden parameters and of attributes that are
   * marked as secret. The first key encrypts, all of them decrypt. Default: none; hidden parameters are then not stored, and
   * secret attributes are stored as they are. Throws EncryptionKeyInvalid.
   */
  readonly encryption?: {
    /** Each 32 random bytes, or these as a text in base64 or hexadecimal. At least one. */
    readonly keys: readonly KeyInput[];
  };
  /** Default: in memory. Closed with the engine. */
  readonly space?: DataSpace;
  /** How many handlers work at a time; a blocked one does not count. At least 1; default Infinity: no bound. */
  readonly concurrency?: number;
  /**
   * Chooses which handler or wake-up goes on next when several are ready, so that a simulation meets every order. Default:
   * first come, first served.
   */
  readonly readyOrder?: ReadyOrder;
  /** How long a stall may stand before it is a deadlock, in milliseconds. Default 30,000. */
  readonly stallTimeoutMs?: number;
  /** How long handlers may take to stop after a cancel or a time-out, in milliseconds. Default 10,000. */
  readonly cancelGraceMs?: number;
  /** Who asks for what this engine does, for the history of the stacks: 1 to 200 characters. Default: `user@host`. */
  readonly actor?: string;
  /**
   * How long this engine's claim on a stack holds without a sign of life of it, in milliseconds. It gives one every third of
   * that; when it gives none (its process is paused, its host gone) another engine may take the stack over after this time,
   * and nothing that this one does to the stack is stored any more (ClaimLost). Default 30,000; at least 100, at most a day.
   */
  readonly leaseMs?: number;
  /** How long one call of the store may take, in milliseconds; then the action fails. Default 30,000; at least 1. */
  readonly storeTimeoutMs?: number;
  /** What consumers wait for: the attribute they read (default), or the whole resource, as other engines do. */
  readonly granularity?: Granularity;
  /** Those that are left out have their defaults. Throws UsageError for one that is no limit. */
  readonly limits?: Partial<Limits>;
  /** The pseudo-parameter `OS::project_id`; default: the empty text. */
  readonly projectId?: string;
  /** The pseudo-parameter `OS::region`; default: there is none. */
  readonly region?: string;
  /**
   * What `custom_constraint` of a parameter, and the schema of a property, may name besides Heat's own constraints. One of
   * the same name takes the place of Heat's: those that a cloud's service answers (`nova.flavor`) take every value.
   */
  readonly customConstraints?: CustomConstraints;
  /**
   * A type that nobody knows: refused (default), or taken with any properties and attributes, which read as null. Such a
   * resource can be validated, planned and drawn; its creation fails.
   */
  readonly unknownTypes?: 'refuse' | 'allow';
  /** A key that stands twice in one mapping: refused (default), or the last counts, as under Heat. */
  readonly duplicateKeys?: DuplicateKeys;
  /**
   * Where the URLs are served by which resources are signalled over HTTP, once one of them asks for that. Default: 127.0.0.1,
   * and a port that the system chooses. Whoever reaches another host than that can try tokens.
   */
  readonly signalUrl?: { readonly host?: string; readonly port?: number };
  readonly clock?: Clock;
  readonly randomness?: Randomness;
}

const OPTIONS: { readonly [K in keyof Required<EngineOptions>]: true } = {
  types: true,
  store: true,
  encryption: true,
  space: true,
  concurrency: true,
  readyOrder: true,
  stallTimeoutMs: true,
  cancelGraceMs: true,
  actor: true,
  leaseMs: true,
  storeTimeoutMs: true,
  granularity: true,
  limits: true,
  projectId: true,
  region: true,
  customConstraints: true,
  unknownTypes: true,
  duplicateKeys: true,
  signalUrl: true,
  clock: true,
  randomness: true,
};

/** Throws UsageError. A misspelt option would be no option, and nobody would know. */
export function checkOptions(options: EngineOptions): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(OPTIONS, name)) continue;
    throw new UsageError({
      what: `An engine has no option '${name}'.`,
      why: `Its options are ${listNames(Object.keys(OPTIONS))}.`,
      fix: `${suggest(name, Object.keys(OPTIONS))}Correct the name, or leave it out.`,
    });
  }
  checkActor(options.actor);
  checkMs('leaseMs', options.leaseMs, 100, 86_400_000);
  checkMs('storeTimeoutMs', options.storeTimeoutMs, 1, Number.POSITIVE_INFINITY);
  checkMs('stallTimeoutMs', options.stallTimeoutMs, 0, Number.POSITIVE_INFINITY);
  checkMs('cancelGraceMs', options.cancelGraceMs, 0, Number.POSITIVE_INFINITY);
}

const DEFAULT_LIMITS: Limits = { maxTemplateSize: DEFAULT_MAX_TEMPLATE_SIZE, maxResources: 1000, maxSnapshots: 32 };

/** The limits of an engine that is given these. Throws UsageError. */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  const limits: { -readonly [L in keyof Limits]: number } = { ...DEFAULT_LIMITS };
  const names = Object.keys(limits) as (keyof Limits)[];
  for (const [name, limit] of Object.entries(given)) {
    const known = names.find((each) => each === name);
    if (known === undefined) {
      throw new UsageError({
        what: `An engine has no limit '${name}'.`,
        why: `Its limits are ${listNames(names)}.`,
        fix: `${suggest(name, names)}Correct the name, or leave it out.`,
      });
    }
    if (limit !== undefined) limits[known] = checkLimit(known, limit);
  }
  return limits;
}

/** -1 is no limit, as under Heat; a template's size has always one there. */
function checkLimit(name: keyof Limits, limit: number): number {
  const [least, none] = name === 'maxTemplateSize' ? [1, Number.POSITIVE_INFINITY] : [0, -1];
  if (limit === none || limit === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(limit) && limit >= least) return limit;
  throw new UsageError({
    what: `The engine's limit '${name}' cannot be ${String(limit)}.`,
    why: `It is a whole number, at least ${least}, or ${none} for no limit.`,
    fix: `Give such a number, or leave the limit out: it is ${DEFAULT_LIMITS[name]} then.`,
  });
}

function checkActor(actor: string | undefined): void {
  if (actor === undefined || (actor.length >= 1 && actor.length <= 200)) return;
  throw new UsageError({
    what: `The engine's option 'actor' cannot be '${actor.slice(0, 200)}'.`,
    why: 'It is the name of who asks for what the engine does, of 1 to 200 characters.',
    fix: 'Give a shorter name, or leave the option out.',
  });
}

/** Who asks when nobody says: `user@host`. */
export function defaultActor(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // In some containers the user has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}

function checkMs(option: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (typeof value === 'number' && value >= least && value <= most)) return;
  const upTo = most === Number.POSITIVE_INFINITY ? '' : ` and at most ${most}`;
  throw new UsageError({
    what: `The engine's option '${option}' cannot be ${String(value)}.`,
    why: `It is a time in milliseconds, at least ${least}${upTo}.`,
    fix: 'Give such a number, or leave the option out.',
  });
}
