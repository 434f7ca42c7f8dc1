import type { HotloomError } from '../errors.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import { checkAttribute } from '../resource/properties.ts';
import type { AttributeDeclaration } from '../resource/resource-type.ts';
import { REFID } from '../template/expression.ts';
import { asJson, type Json, type JsonObject, sameJson, setOwn } from '../values.ts';
import type { InPlaceUpdate } from './in-place-update.ts';
import { guarded } from './outcome.ts';
import { PublishedAttributes } from './published-attributes.ts';
import {
  runHasEnded,
  undeclaredWrite,
  unwritten,
  writtenOtherwiseThanBefore,
  writtenOtherwiseThanConfirmed,
  writtenTwice,
} from './run-errors.ts';
import type { Traversal } from './traversal.ts';

/** What the handler of one run writes, while it runs and at its end, checked against what its resource declares. */
export class RunWrites {
  readonly #traversal: Traversal;
  readonly #resource: ResourceInterface;
  readonly #update: InPlaceUpdate | undefined;
  /** What an interrupted attempt has published and others have read. */
  readonly #read: JsonObject | undefined;
  /** What the handler has published while it runs. */
  #published: PublishedAttributes | undefined;
  /** What it returned, with what has a default. */
  #result: JsonObject | undefined;
  /** The first thing that it did against its declaration. It fails the resource even when the handler goes on. */
  violation: HotloomError | undefined;

  /** `update`: what it changes in place; `read`: what it cannot write otherwise, since it was read before. */
  constructor(
    traversal: Traversal,
    resource: ResourceInterface,
    update: InPlaceUpdate | undefined,
    read: JsonObject | undefined,
  ) {
    this.#traversal = traversal;
    this.#resource = resource;
    this.#update = update;
    this.#read = read;
  }

  /** Whether the handler has published the attribute already. */
  has(attribute: string): boolean {
    return this.#published?.has(attribute) === true;
  }

  /** What the handler has published. */
  get published(): JsonObject {
    return this.#published?.values() ?? {};
  }

  /** What it has written at its end; undefined before. */
  get result(): JsonObject | undefined {
    return this.#result;
  }

  /** Resolves when it is stored. Throws UndeclaredWrite, ConflictingWrite or PropertyInvalid. */
  publish(attribute: string, written: unknown): Promise<void> {
    const value = this.#check(attribute, written);
    const earlier = this.#published?.get(attribute);
    if (earlier !== undefined) return earlier.stored;
    if (this.#result !== undefined) throw runHasEnded(this.#resource);
    const stored = new Promise<void>((resolve, reject) => {
      const didStore = (): void => {
        this.#traversal.publisher.publish(this.#resource, attribute, value);
        resolve();
      };
      const change = { kind: 'value', resource: this.#resource.name, attribute, value } as const;
      this.#traversal.journal.recordFor({ didStore, didFailToStore: reject }, change);
    });
    this.#published ??= new PublishedAttributes();
    this.#published.add(attribute, { value, stored: guarded(stored) });
    return stored;
  }

  /** Resolves when all of `attributes` have been published. */
  whenPublished(attributes: readonly string[]): Promise<void> {
    this.#published ??= new PublishedAttributes();
    return guarded(this.#published.whenAll(attributes));
  }

  /** The handler waits, in a circle, for who waits for the attribute. Returns whether its update leaves that as it was. */
  keep(attribute: string): boolean {
    const present = this.#update?.present;
    if (present === undefined || this.has(attribute)) return false;
    if (this.#traversal.snapshotOf(this.#resource) !== undefined) return false;
    if (!this.#traversal.decisions.keep(this.#resource, present, attribute)) return false;
    this.#published ??= new PublishedAttributes();
    this.#published.add(attribute, { value: present.values[attribute] as Json, stored: Promise.resolve() });
    return true;
  }

  /** The handler has returned. `refid` is that of a resource which does not write one itself. Throws for what is owed. */
  finish(returned: { readonly [attribute: string]: unknown }, refid: string): JsonObject {
    this.#result = this.rest(returned, refid);
    return this.#result;
  }

  /** What the handler returned and what has a default, but for what it has published; checked. Throws for what is owed. */
  rest(returned: { readonly [attribute: string]: unknown }, refid: string): JsonObject {
    const attributes = this.#update?.withKept(returned, (name) => this.has(name)) ?? returned;
    const rest: Record<string, Json> = {};
    for (const attribute of Object.keys(attributes)) {
      const written = attributes[attribute];
      if (written === undefined) continue;
      const value = this.#check(attribute, written);
      if (!this.has(attribute)) setOwn(rest, attribute, value);
    }
    const { outputs, isExternal } = this.#resource;
    for (const attribute in outputs) {
      if (Object.hasOwn(rest, attribute) || this.has(attribute)) continue;
      if (this.#update?.isMissing(attribute) === true) continue;
      if (attribute === REFID) rest[REFID] = refid;
      else if (isExternal || outputs[attribute]?.optional === true) setOwn(rest, attribute, null);
      else throw unwritten(this.#resource, attribute);
    }
    return rest;
  }

  /** What was published before an update, is not stored, and was not published again. */
  get leftMissing(): ReadonlySet<string> {
    const missing = this.#update?.present.missing;
    if (missing === undefined) return NO_NAMES;
    const isTold = (attribute: string): boolean =>
      this.has(attribute) || (this.#result !== undefined && Object.hasOwn(this.#result, attribute));
    return new Set([...missing].filter((attribute) => !isTold(attribute)));
  }

  #check(attribute: string, written: unknown): Json {
    const { outputs, name } = this.#resource;
    if (!Object.hasOwn(outputs, attribute)) throw undeclaredWrite(this.#resource, attribute);
    const value = asJson(written);
    this.#traversal.didWriteSecret(name, attribute, value);
    checkAttribute(outputs[attribute] as AttributeDeclaration, attribute, value, name);
    this.#checkRead(attribute, value);
    this.#checkConfirmed(attribute, value);
    const earlier = this.#published?.get(attribute);
    if (earlier !== undefined && !sameJson(earlier.value, value)) throw writtenTwice(this.#resource, attribute);
    return value;
  }

  /** What an interrupted attempt has published and somebody has read stays so. */
  #checkRead(attribute: string, value: Json): void {
    const read = this.#read;
    if (read === undefined || !Object.hasOwn(read, attribute) || sameJson(read[attribute] as Json, value)) return;
    throw writtenOtherwiseThanBefore(this.#resource, attribute);
  }

  /** What others have got of it in this update, since they and it read each other, stays so too. */
  #checkConfirmed(attribute: string, value: Json): void {
    if (this.#traversal.decisions.keepsTo(this.#resource, attribute, value)) return;
    throw writtenOtherwiseThanConfirmed(this.#resource, attribute);
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();
