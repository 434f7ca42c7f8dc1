import { type HotloomError, StackValidationFailed } from '../errors.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import type { Source, SourceLocation } from '../source.ts';
import type { ResourceSnapshot, StoreChange } from '../store/stack-store.ts';
import { setAside } from '../store/stored-stack.ts';
import type { Move } from '../template/moved.ts';
import { listNames, suggest } from '../wording.ts';
import { type PresentResource, publishedBy } from './comparison.ts';

/** A move by the names from the root template down, and where it is stated; undefined for one that a caller gives. */
export interface PlacedMove extends Move {
  readonly where: SourceLocation | undefined;
}

/** What the sections `moved` of the template and of those nested in it state. */
export function statedMoves({ template, resources, compositions }: StackInterface): readonly PlacedMove[] {
  const moves: PlacedMove[] = [];
  const add = (of: { readonly source: Source; readonly moved: typeof template.moved }, level: string): void => {
    for (const { from, to, path } of of.moved)
      moves.push({ from: `${level}${from}`, to: `${level}${to}`, where: of.source.locate(path) });
  };
  if (template.moved.length > 0) add(template, '');
  if (compositions.size === 0) return moves;
  const seen = new Set<number>();
  for (const { parent, template: own } of resources) {
    if (parent < 0 || own.moved.length === 0 || seen.has(parent)) continue;
    seen.add(parent);
    add(own, `${(resources[parent] as ResourceInterface).name}/`);
  }
  return moves;
}

/**
 * What is wrong with moves whatever is there: names that are still declared or not declared, several moves of one resource or
 * to one, circles.
 */
export function wrongMoves(stack: StackInterface, moves: readonly PlacedMove[]): readonly HotloomError[] {
  const problems: HotloomError[] = [];
  const from = new Map<string, PlacedMove>();
  const to = new Map<string, PlacedMove>();
  const add = (move: PlacedMove, what: string, why: string, fix: string): void =>
    void problems.push(new StackValidationFailed({ what, where: move.where, why, fix }));
  for (const move of moves) {
    const [same, other] = [from.get(move.from), to.get(move.to)];
    if (same !== undefined)
      add(
        move,
        `'${move.from}' is moved twice: to '${same.to}' and to '${move.to}'.`,
        ONE_THING,
        'Keep one of the two.',
      );
    else if (other !== undefined)
      add(
        move,
        `Two resources are moved to '${move.to}': '${other.from}' and '${move.from}'.`,
        ONE_THING,
        'Keep one of the two.',
      );
    from.set(move.from, move);
    to.set(move.to, move);
  }
  if (problems.length > 0) return problems;
  const circle = moves.find((move) => lastOf(from, move.from) === undefined);
  if (circle !== undefined) {
    const why = 'Where each takes the name of the next, none is left that an update could begin with.';
    add(
      circle,
      `'${circle.from}' is moved in a circle.`,
      why,
      'Move one of them to a name of its own first, in an update by itself.',
    );
    return problems;
  }
  for (const move of moves) {
    if (isDeclared(stack, move.from)) {
      const why = 'A resource that has moved leaves its name; one of that name would be another.';
      add(
        move,
        `'${move.from}' is moved to '${move.to}', and still declared.`,
        why,
        `Remove the resource '${move.from}', or the move.`,
      );
    } else if (!from.has(move.to) && !isDeclared(stack, move.to)) {
      const names = [...stack.template.resources.keys()];
      const why = 'What has moved there would be deleted, since the template has it no more.';
      add(
        move,
        `'${move.from}' is moved to '${move.to}', which the template does not have.`,
        why,
        `${suggest(move.to, names)}The resources are ${listNames(names)}.`,
      );
    }
  }
  return problems;
}

const ONE_THING = 'One name is one thing.';

/** What the moves do to the resources of a stack. */
export interface MovedResources {
  /** As they are after it, by their names in the store. */
  readonly present: ReadonlyMap<string, PresentResource>;
  /** The names that resources have had, by those that they have after it. Empty when nothing moves. */
  readonly namesBefore: ReadonlyMap<string, string>;
  /** Those that had to make room for others, by their names in the store: they go at the end. */
  readonly displaced: ReadonlySet<string>;
  /** What is stored, as one batch. */
  readonly changes: readonly StoreChange[];
}

/**
 * Gives what is there the names that it has after the moves, with its values; `moves` must have passed wrongMoves. A move of
 * what is not there does nothing. Throws StackValidationFailed when the place is taken, or the type is another.
 */
export function moveResources(
  stack: StackInterface,
  present: ReadonlyMap<string, PresentResource>,
  moves: readonly PlacedMove[],
): MovedResources {
  const from = new Map(moves.map((move) => [move.from, move]));
  const names = new Map<string, string>();
  for (const { record } of present.values()) {
    const name = record.replacedName ?? record.name;
    const move = names.has(name) ? undefined : moveOf(from, name);
    if (move === undefined) continue;
    const to = `${lastOf(from, move.from)}${name.slice(move.from.length)}`;
    refuseTaken(present, from, name, to, move);
    refuseOtherType(stack, present.get(name), to, move);
    names.set(name, to);
  }
  return renamed(present, names);
}

/**
 * The same by names alone: takes moves back. What has been made under a name that one of them gets again is set aside, to be
 * deleted.
 */
export function renamed(
  present: ReadonlyMap<string, PresentResource>,
  names: ReadonlyMap<string, string>,
): MovedResources {
  if (names.size === 0) return { present, namesBefore: new Map(), displaced: new Set(), changes: [] };
  const after = new Map<string, PresentResource>();
  const gone: StoreChange[] = [];
  const changes: StoreChange[] = [];
  const taken = new Set(names.values());
  const displaced = new Set<string>();
  for (const [key, resource] of present) {
    const { record } = resource;
    const name = record.replacedName === undefined ? names.get(record.name) : undefined;
    const replacedName = record.replacedName === undefined ? undefined : names.get(record.replacedName);
    const requires = record.requires.some((each) => names.has(each))
      ? record.requires.map((each) => names.get(each) ?? each)
      : record.requires;
    if (name === undefined && taken.has(key)) {
      gone.push({ kind: 'resourceGone', resource: key });
      // Of one that was never made only the name was stored.
      if (record.action === 'INIT') continue;
      const aside = setAside({ ...record, requires });
      changes.push({ kind: 'resource', record: aside, ...publishedBy(resource) });
      after.set(aside.name, { ...resource, record: aside });
      displaced.add(aside.name);
      continue;
    }
    if (name === undefined && replacedName === undefined && requires === record.requires) {
      after.set(key, resource);
      continue;
    }
    const moved = {
      ...record,
      name: name ?? record.name,
      requires,
      ...(replacedName === undefined ? {} : { replacedName }),
    };
    if (name !== undefined) gone.push({ kind: 'resourceGone', resource: key });
    changes.push({ kind: 'resource', record: moved, ...(name === undefined ? {} : publishedBy(resource)) });
    after.set(moved.name, { ...resource, record: moved });
  }
  const namesBefore = new Map([...names].map(([before, now]) => [now, before]));
  return { present: after, namesBefore, displaced, changes: [...gone, ...changes] };
}

/**
 * The names that resources had when they were kept, by those that they have now: an attempt keeps its token under whatever
 * name. What was replaced since is another attempt.
 */
export function namesThen(
  present: ReadonlyMap<string, PresentResource>,
  kept: readonly ResourceSnapshot[],
): ReadonlyMap<string, string> {
  const now = new Map<string, string>();
  for (const { record } of present.values()) {
    if (record.replacedName === undefined && record.token !== '') now.set(record.token, record.name);
  }
  const names = new Map<string, string>();
  for (const { record } of kept) {
    const name = now.get(record.token);
    if (name !== undefined && name !== record.name) names.set(name, record.name);
  }
  return names;
}

/** The move of the resource, or else of the innermost of those that it is a member of. */
function moveOf(from: ReadonlyMap<string, PlacedMove>, name: string): PlacedMove | undefined {
  for (let end = name.length; end > 0; end = name.lastIndexOf('/', end - 1)) {
    const move = from.get(name.slice(0, end));
    if (move !== undefined) return move;
  }
  return undefined;
}

/** Where a chain of moves ends; undefined for a circle. */
function lastOf(from: ReadonlyMap<string, PlacedMove>, name: string): string | undefined {
  let last = name;
  for (let steps = 0; steps <= from.size; steps += 1) {
    const next = from.get(last);
    if (next === undefined) return last;
    last = next.to;
  }
  return undefined;
}

/** Also a resource that its condition leaves out is declared. */
function isDeclared({ template, numbers }: StackInterface, name: string): boolean {
  return numbers.has(name) || template.resources.has(name);
}

function refuseTaken(
  present: ReadonlyMap<string, PresentResource>,
  from: ReadonlyMap<string, PlacedMove>,
  name: string,
  to: string,
  move: PlacedMove,
): void {
  const there = present.get(to)?.record;
  if (there === undefined || there.action === 'INIT') return;
  const isMoving = moveOf(from, to) !== undefined;
  throw new StackValidationFailed({
    what: `'${name}' cannot be moved to '${to}': there is a resource of that name already.`,
    where: move.where,
    why: isMoving ? 'Both are moved to the same name, one after the other.' : 'The stack has both of them.',
    fix: `Delete one of them by an update first, or move '${name}' to another name.`,
  });
}

function refuseOtherType(
  { resources, numbers }: StackInterface,
  present: PresentResource | undefined,
  to: string,
  move: PlacedMove,
): void {
  const index = numbers.get(to);
  const type = index === undefined ? undefined : resources[index]?.type.name;
  if (present === undefined || type === undefined || type === present.record.type) return;
  throw new StackValidationFailed({
    what: `'${present.record.name}' cannot be moved to '${to}': it is a ${present.record.type}, and that is a ${type}.`,
    where: move.where,
    why: 'A move keeps the real thing, which cannot become one of another type.',
    fix: 'Move it to a resource of its type, or remove the move: it is deleted then, and the other one created.',
  });
}
