import { givenInput } from '../interface/given.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import { printName } from '../names.ts';
import type { PropertyPlace } from '../resource/properties.ts';
import type { Schema } from '../resource/resource-type.ts';
import type { Secrecy } from '../secrets.ts';
import type { ResourceRecord, StoredRead } from '../store/stack-store.ts';
import type { ResolveScope } from '../template/expression.ts';
import { type Json, type JsonObject, sameJson } from '../values.ts';

/** A resource that an earlier traversal has made, with the attributes that it has published. */
export interface PresentResource {
  readonly record: ResourceRecord;
  readonly values: JsonObject;
  /** What its handler has read by name at run time and has another value now. Default: nothing. */
  readonly readsSince?: readonly Difference[];
  /** Those attributes that are secret. Default: none. */
  readonly secrecy?: { readonly [attribute: string]: Secrecy };
  /** Those that it has published and that are not among `values`, since they are not stored. Default: none. */
  readonly missing?: ReadonlySet<string>;
}

/** What it has published, as a change stores it. */
export function publishedBy({ values, secrecy, missing }: PresentResource): {
  readonly values: JsonObject;
  readonly secrecy?: { readonly [attribute: string]: Secrecy };
} {
  if (secrecy === undefined) return { values };
  return { values: { ...values, ...Object.fromEntries([...(missing ?? [])].map((name) => [name, null])) }, secrecy };
}

/** What an update does with a resource that is there. */
export type Verdict = 'unchanged' | 'update' | 'replace';

/**
 * A property or an alias by name, as the new template has it, or a name of the stack that the handler has read at run time, as
 * it is now: undefined when there is none of that name any more.
 */
export interface Reading extends Compared {
  readonly value: Json | undefined;
}

/** What a name of the stack has come to. */
export type NameOutcome = { readonly value: Json | undefined } | 'asBefore';

/** What is compared; of a name its printed form. */
export interface Compared {
  readonly name: string;
  readonly kind: 'property' | 'alias' | 'name';
}

/** What differs in one property, in one alias of the section `inputs`, or in a name that the handler has read at run time. */
export interface Difference extends Compared {
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/**
 * What an update does with a resource when it is known by what is stored of it, whatever its properties come to; undefined
 * when they decide. As under Heat, what has failed is replaced (heat/engine/resource.py, needs_replace_failed).
 */
export function verdictByRecord(resource: ResourceInterface, present: PresentResource): Verdict | undefined {
  const { type } = resource;
  const { record } = present;
  if (record.type !== type.name || record.isOutdated === true) return 'replace';
  const isBegun = record.action === 'UPDATE' && record.status === 'IN_PROGRESS';
  if (!isBegun && !isWell(record)) return 'replace';
  if (!isBegun && !owesOutput(resource, present)) return undefined;
  return type.handler.update === undefined ? 'replace' : 'update';
}

/** Its section `outputs` has an attribute that it had not when it was made: only its handler can write it. */
function owesOutput({ definition }: ResourceInterface, { values, missing }: PresentResource): boolean {
  return Object.keys(definition.outputs).some((name) => !Object.hasOwn(values, name) && missing?.has(name) !== true);
}

/** Whether it is there and as it was made, as far as is known. A snapshot that failed has done nothing to it. */
export function isWell({ action, status }: ResourceRecord): boolean {
  return action !== 'DELETE' && (status === 'COMPLETE' || action === 'SNAPSHOT');
}

/** The difference that a reading makes against what the resource was made with; undefined when it makes none. */
export function differenceOf(present: PresentResource, reading: Reading): Difference | undefined {
  const { name, kind, value } = reading;
  if (isUnread(present, reading)) return undefined;
  const before = valueBefore(present, reading);
  const isSame = before === undefined || value === undefined ? before === value : sameJson(before, value);
  return isSame ? undefined : { name, kind, before, after: value };
}

/** What its handler has read by name at run time of its own stack, and can be compared. */
export function ownReads({ reads = [] }: ResourceRecord): readonly StoredRead[] {
  return reads.filter(({ isOwn, isUnknown }) => isOwn === true && isUnknown !== true);
}

/** Whether it was made without the input, whatever that would come to. */
export function isUnread({ record }: PresentResource, { name, kind }: Compared): boolean {
  return kind !== 'name' && record.unread?.includes(name) === true;
}

function valueBefore({ record }: PresentResource, { name, kind }: Compared): Json | undefined {
  if (kind === 'name') return ownReads(record).find((read) => printName(read.name) === name)?.value;
  const stored = kind === 'property' ? record.properties : record.inputs;
  return stored !== undefined && Object.hasOwn(stored, name) ? stored[name] : undefined;
}

/** Whether the live resource can be brought to the difference. What is read while the handler runs always can. */
export function isUpdatable({ type }: ResourceInterface, { name, kind }: Compared): boolean {
  if (type.handler.update === undefined) return false;
  // What is made of others makes nothing itself.
  if (kind !== 'property' || type.isComposition === true) return true;
  const schema = (type.properties as { readonly [property: string]: Schema })[name];
  return typeof schema === 'object' && schema.updateAllowed === true;
}

/** The names of all properties and aliases to compare: those that the template gives and those that were there. */
export function comparedNames(
  { definition }: ResourceInterface,
  { record }: PresentResource,
  given: JsonObject | undefined,
): readonly Compared[] {
  const properties = new Set([...Object.keys(given ?? definition.properties), ...Object.keys(record.properties ?? {})]);
  const aliases = new Set([...Object.keys(definition.inputs), ...Object.keys(record.inputs ?? {})]);
  return [
    ...[...properties].map((name) => ({ name, kind: 'property' as const })),
    ...[...aliases].map((name) => ({ name, kind: 'alias' as const })),
  ];
}

/** What an input comes to by the template; undefined when neither it nor a default gives it a value. */
export function inputNow(
  resource: ResourceInterface,
  { name, kind }: Pick<Reading, 'name' | 'kind'>,
  scope: ResolveScope,
  place: PropertyPlace,
): Json | undefined {
  const { properties, inputs } = resource.definition;
  // What has a default is not among what a streaming handler is given.
  const isGiven = resource.type.kind === 'plain' || Object.hasOwn(kind === 'alias' ? inputs : properties, name);
  return isGiven ? givenInput(resource, name, scope, place) : undefined;
}

/**
 * Decides about one resource while its inputs come in. It is replaced as soon as something differs that no update can
 * change, and updated as soon as something differs and no missing input could still ask for more.
 */
export class Comparison {
  readonly resource: ResourceInterface;
  readonly present: PresentResource;
  readonly #missing = new Map<string, Compared>();
  readonly #different = new Set<string>();
  readonly #missingReads = new Map<string, StoredRead>();
  readonly #readsSince: Difference[] = [];
  /** The inputs whose writers have failed. */
  #failed: readonly Compared[] = [];
  #cause: unknown;
  #verdict: Verdict | undefined;

  /** `given` is what the handler would get, where all of it is known at once. */
  constructor(resource: ResourceInterface, present: PresentResource, given: JsonObject | undefined) {
    this.resource = resource;
    this.present = present;
    this.#verdict = verdictByRecord(resource, present);
    for (const difference of present.readsSince ?? []) this.#take(difference);
    for (const each of comparedNames(resource, present, given)) this.#missing.set(`${each.kind} ${each.name}`, each);
    for (const read of ownReads(present.record)) this.#missingReads.set(printName(read.name), read);
  }

  /** What has not been compared yet, and may still come. */
  get missing(): readonly Compared[] {
    return [...this.#missing.values()];
  }

  /** What its handler has read by name of its own stack and has not been compared yet. */
  get missingReads(): readonly StoredRead[] {
    return [...this.#missingReads.values()];
  }

  /** The resource with what its handler has read by name and has another value now. */
  get found(): PresentResource {
    if (this.#readsSince.length === 0) return this.present;
    return { ...this.present, readsSince: [...(this.present.readsSince ?? []), ...this.#readsSince] };
  }

  /** The inputs that have not come out equal, or not yet. */
  get unequal(): readonly string[] {
    return [...this.#different, ...[...this.missing, ...this.#failed].map(({ name }) => name)];
  }

  get verdict(): Verdict | undefined {
    if (this.#verdict !== undefined) return this.#verdict;
    if (this.#different.size > 0)
      return [...this.missing, ...this.#failed].every((each) => isUpdatable(this.resource, each))
        ? 'update'
        : undefined;
    return this.#failed.length === 0 && this.#isAllKnown ? 'unchanged' : undefined;
  }

  /** Why nothing is done with it, when there is no verdict and nothing is missing; undefined as long as there may be one. */
  get hindrance(): { readonly cause: unknown } | undefined {
    return this.verdict === undefined && this.#isAllKnown ? this.failure : undefined;
  }

  /** Of the first of its inputs that failed; undefined when none has. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#failed.length === 0 ? undefined : { cause: this.#cause };
  }

  get #isAllKnown(): boolean {
    return this.#missing.size === 0 && this.#missingReads.size === 0;
  }

  /** What it comes to if all that is missing comes out as it was. What was not there before differs, whatever it comes to. */
  get verdictSoFar(): Verdict {
    const fresh = this.missing.filter(
      (each) => valueBefore(this.present, each) === undefined && !isUnread(this.present, each),
    );
    if (fresh.some((each) => !isUpdatable(this.resource, each))) return 'replace';
    return this.#different.size > 0 || fresh.length > 0 ? 'update' : 'unchanged';
  }

  /** It is as it was, as far as anybody can tell. */
  leave({ name, kind }: Pick<Reading, 'name' | 'kind'>): void {
    this.#missing.delete(`${kind} ${name}`);
  }

  /** Its writer has failed. That alone changes nothing, and does not keep it from being changed for what else differs. */
  fail(input: Compared, cause: unknown): void {
    this.leave(input);
    if (this.#failed.length === 0) this.#cause = cause;
    this.#failed = [...this.#failed, input];
  }

  compare(reading: Reading): void {
    this.leave(reading);
    const difference = differenceOf(this.present, reading);
    if (difference !== undefined) this.#take(difference);
  }

  /** The same for a name; it counts as equal when nothing new is known of it. */
  compareRead(read: StoredRead, outcome: NameOutcome): void {
    const name = printName(read.name);
    this.#missingReads.delete(name);
    if (outcome === 'asBefore') return;
    const difference = differenceOf(this.present, { name, kind: 'name', value: outcome.value });
    if (difference === undefined) return;
    this.#readsSince.push(difference);
    this.#take(difference);
  }

  #take(difference: Difference): void {
    this.#different.add(difference.name);
    if (!isUpdatable(this.resource, difference)) this.#verdict ??= 'replace';
  }
}
