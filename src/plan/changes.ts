import { withCompositions } from '../composition/composition.ts';
import { IN, type PortGraph, startPort } from '../graph/port-graph.ts';
import { externalIdOf, givenProperties, placeOf } from '../interface/given.ts';
import { producerOf, type ResourceInterface, type StackInterface } from '../interface/interface.ts';
import { printName } from '../names.ts';
import { type Conceal, MASK } from '../secrets.ts';
import type { StoredRead } from '../store/stack-store.ts';
import type { Reference, ResolveScope } from '../template/expression.ts';
import { type Json, sameJson } from '../values.ts';
import {
  comparedNames,
  type Difference,
  differenceOf,
  inputNow,
  isUpdatable,
  ownReads,
  type PresentResource,
  type Verdict,
  verdictByRecord,
} from './comparison.ts';

/** What is known before the run of what an update does with one resource of the new template. */
export interface Change {
  /**
   * `create`: there is none; `compare`: it is as it was unless a value that it reads comes out different; the others as
   * their names say, of an `update` unless a value that it reads asks for more.
   */
  readonly verdict: Verdict | 'create' | 'compare';
  /** What differs whatever happens in the run. */
  readonly differences: readonly Difference[];
  /** The properties and aliases whose values are known only when the update runs: they read from what changes. */
  readonly unknown: readonly string[];
  /** What its handler has read by name at run time of what changes. Default: nothing. */
  readonly unknownReads?: readonly StoredRead[];
}

/** What changes are found with. */
export interface ChangeSources {
  readonly stack: StackInterface;
  readonly graph: PortGraph;
  readonly present: ReadonlyMap<string, PresentResource>;
  /** Whether what a snapshot has kept of a resource is brought back, where its record says so. */
  readonly isRestore: boolean;
  readonly mask: (text: string) => string;
  readonly conceal: Conceal<ResourceInterface>;
}

const NONE: readonly never[] = [];
const UNCHANGED: Change = { verdict: 'unchanged', differences: NONE, unknown: NONE };

/**
 * What an update does with each resource, by its number, as far as that is known before the run. A resource that reads, over
 * any number of others, from none that changes is unchanged: its properties would come out the same. Whoever does read from
 * one is compared once its inputs are there, and left alone when they come out equal.
 */
export function findChanges(sources: ChangeSources): readonly Change[] {
  const { stack, graph } = sources;
  const scope = storedScope(sources);
  const changes: Change[] = stack.resources.map((resource) => changeOf(resource, scope, sources));
  const changing = changes.flatMap(({ verdict }, index) => (verdict === 'unchanged' ? [] : [index]));
  const byName = readersByName(sources);
  for (const producer of changing) {
    for (const reader of byName.get(producer) ?? []) {
      if (changes[reader]?.verdict !== 'unchanged') continue;
      changes[reader] = { verdict: 'compare', differences: NONE, unknown: NONE };
      changing.push(reader);
    }
    const end = startPort(graph, producer + 1);
    for (let port = startPort(graph, producer); port < end; port += 1) {
      for (const reader of readersOf(graph, port)) {
        if (changes[reader]?.verdict !== 'unchanged') continue;
        changes[reader] = { verdict: 'compare', differences: NONE, unknown: NONE };
        changing.push(reader);
      }
    }
  }
  const isChanging = (index: number): boolean => changes[index] !== undefined && changes[index] !== UNCHANGED;
  for (const index of changing) {
    const resource = stack.resources[index] as ResourceInterface;
    changes[index] = withUnknown(resource, changes[index] as Change, isChanging, sources);
  }
  return changes;
}

/** The new template's expressions with the values that were published before. */
export function storedScope({ stack, present }: Pick<ChangeSources, 'stack' | 'present'>): ResolveScope {
  const attribute = (resource: string, name: string): Json => {
    const values = present.get(resource)?.values;
    return values !== undefined && Object.hasOwn(values, name) ? (values[name] as Json) : null;
  };
  const scope = { ...stack.scope, attribute, value: () => null };
  return withCompositions(scope, stack.compositions);
}

/** Whether what the references lead to is known only when the update runs; `isChanging` by the number of a resource. */
export function isUnknown(
  stack: StackInterface,
  references: readonly Reference[],
  isChanging: (index: number) => boolean,
): boolean {
  // What stands outside of the stack may have changed, and so what is read there.
  return references.some((reference) => reference.kind === 'name' || isChanging(producerOf(stack, reference)));
}

function changeOf(resource: ResourceInterface, scope: ResolveScope, sources: ChangeSources): Change {
  const present = sources.present.get(resource.name);
  if (present === undefined) return { verdict: 'create', differences: NONE, unknown: NONE };
  const byRecord = verdictByRecord(resource, present);
  const readsOutside = resource.inputs.some(({ references }) => references.some(({ kind }) => kind === 'name'));
  let differences: readonly Difference[];
  try {
    if (resource.isExternal && byRecord === undefined) return changeOfExternal(resource, present, scope);
    const given = resource.isExternal ? NONE : differencesOf(resource, present, scope, sources);
    const isRead = present.readsSince !== undefined || present.record.reads !== undefined;
    differences = isRead ? [...given, ...(present.readsSince ?? NONE), ...ownDifferences(present, sources)] : given;
  } catch {
    // What it reads has changed, or it is wrong: the run tells.
    return { verdict: byRecord ?? 'compare', differences: NONE, unknown: NONE };
  }
  if (byRecord !== undefined) return { verdict: byRecord, differences, unknown: NONE };
  const isRestored = sources.isRestore && present.record.isToBeRestored === true;
  if (differences.length === 0 && !readsOutside && !isRestored) return UNCHANGED;
  return { verdict: 'compare', differences, unknown: NONE };
}

/** What was there already is another thing by another id; nothing else of it is compared, and its id reads from nobody. */
function changeOfExternal(resource: ResourceInterface, { record }: PresentResource, scope: ResolveScope): Change {
  if (externalIdOf(resource, scope) !== record.resourceId) return { ...UNCHANGED, verdict: 'replace' };
  // One that was made before it was called so.
  const wasMade = Object.keys(record.properties ?? {}).length > 0;
  return wasMade ? { ...UNCHANGED, verdict: 'compare' } : UNCHANGED;
}

/** The change of a resource once it is known which others change. */
function withUnknown(
  resource: ResourceInterface,
  { verdict, differences }: Change,
  isChanging: (index: number) => boolean,
  { stack, present }: ChangeSources,
): Change {
  const unknown = resource.inputs
    .filter(({ references }) => isUnknown(stack, references, isChanging))
    .map(({ name }) => name);
  const record = present.get(resource.name)?.record;
  const unknownReads = (record === undefined ? NONE : ownReads(record)).filter(({ name: [, , of] }) =>
    isChanging(stack.numbers.get(of) ?? -1),
  );
  const unknownNames = unknownReads.map(({ name }) => printName(name));
  const certain = differences.filter(({ name, kind }) => !(kind === 'name' ? unknownNames : unknown).includes(name));
  const told = { differences: certain, unknown, ...(unknownReads.length === 0 ? {} : { unknownReads }) };
  if (verdict !== 'compare' || certain.length === 0) return { verdict, ...told };
  const canUpdate = certain.every((difference) => isUpdatable(resource, difference));
  return { verdict: canUpdate ? 'update' : 'replace', ...told };
}

/** By the number of a resource, those whose handlers have read from it by name at run time. */
function readersByName({ stack, present }: ChangeSources): ReadonlyMap<number, readonly number[]> {
  const readers = new Map<number, number[]>();
  for (const { record } of present.values()) {
    const reader = stack.numbers.get(record.name);
    if (reader === undefined || record.reads === undefined) continue;
    for (const { name } of ownReads(record)) {
      const producer = stack.numbers.get(name[2]) ?? -1;
      const all = readers.get(producer);
      if (all === undefined) readers.set(producer, [reader]);
      else all.push(reader);
    }
  }
  return readers;
}

/** What its handler has read by name at run time and has another value now, as long as nothing changes it. */
function ownDifferences({ record }: PresentResource, { stack, present }: ChangeSources): readonly Difference[] {
  return ownReads(record).flatMap(({ name, value, secrecy }): readonly Difference[] => {
    const [, , resource, attribute] = name;
    const producer = present.get(resource);
    const isDeclared = attributeOf(stack, resource, attribute);
    // One that is made only now is compared in the run, and so is what is not stored.
    if (isDeclared && (producer === undefined || producer.missing?.has(attribute) === true)) return [];
    const now = isDeclared && producer !== undefined ? own(producer.values, attribute) : undefined;
    if (now !== undefined && sameJson(now, value)) return [];
    const isSecret = secrecy !== undefined || own(producer?.secrecy ?? {}, attribute) !== undefined;
    const [before, after] = isSecret ? [MASK, MASK] : [value, now];
    return [{ name: printName(name), kind: 'name', before, after }];
  });
}

function attributeOf({ resources, numbers }: StackInterface, resource: string, attribute: string): boolean {
  const found = resources[numbers.get(resource) ?? -1];
  return found !== undefined && Object.hasOwn(found.outputs, attribute);
}

function own<T>(values: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function differencesOf(
  resource: ResourceInterface,
  present: PresentResource,
  scope: ResolveScope,
  sources: ChangeSources,
): readonly Difference[] {
  const { stack, mask, conceal } = sources;
  const place = placeOf(resource, stack, mask);
  const untold = inputsUntold(resource, sources);
  const isPlain = resource.type.kind === 'plain';
  const given = isPlain && untold.size === 0 ? conceal(givenProperties(resource, scope, place), resource) : undefined;
  const differences: Difference[] = [];
  for (const { name, kind } of comparedNames(resource, present, given)) {
    // A value that is not stored was written by a resource that stands, so it is the one that was read.
    if (untold.has(name)) continue;
    const value = given !== undefined ? given[name] : inputNow(resource, { name, kind }, scope, place);
    const concealed = given !== undefined || value === undefined ? value : conceal({ [name]: value }, resource)[name];
    const difference = differenceOf(present, { name, kind, value: concealed });
    if (difference !== undefined) differences.push(difference);
  }
  return differences;
}

/** The inputs that read a value which was published and is not stored. */
function inputsUntold(resource: ResourceInterface, { present }: ChangeSources): ReadonlySet<string> {
  const untold = resource.inputs.filter(({ references }) =>
    references.some(
      (reference) =>
        reference.kind === 'attribute' && present.get(reference.resource)?.missing?.has(reference.attribute) === true,
    ),
  );
  return new Set(untold.map(({ name }) => name));
}

function* readersOf(graph: PortGraph, port: number): Generator<number> {
  const { successors, kinds, owners } = graph;
  if (kinds[port] === IN) return;
  for (let edge = successors.offsets[port] as number; edge < (successors.offsets[port + 1] as number); edge += 1) {
    const reader = successors.targets[edge] as number;
    if (kinds[reader] === IN && owners[reader] !== owners[port]) yield owners[reader] as number;
  }
}
