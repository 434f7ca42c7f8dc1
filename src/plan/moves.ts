import { type HotloomError, StackValidationFailed } from '../errors.ts';
import type { ResourceInterface, StackInterface } from '../interface/interface.ts';
import type { Source, SourceLocation } from '../source.ts';
import type { ResourceRecord, ResourceSnapshot, StoreChange } from '../store/stack-store.ts';
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

/** As they are stored with the definition that they belong to; undefined: none. */
export function movesToKeep(moves: readonly PlacedMove[]): readonly Move[] | undefined {
  return moves.length === 0 ? undefined : moves.map(({ from, to }) => ({ from, to }));
}

/**
 * What is wrong with moves whatever is there: names that are not declared, or are still declared although nothing moves there,
 * several moves of one resource or to one.
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
  for (const move of moves) {
    const isFreed = to.has(move.from);
    if (isDeclared(stack, move.from) && !isFreed) {
      const why = 'A resource that has moved leaves its name; one of that name would be another.';
      add(
        move,
        `'${move.from}' is moved to '${move.to}', and still declared.`,
        why,
        `Remove the resource '${move.from}', or the move.`,
      );
    } else if (!isDeclared(stack, move.to) && (!from.has(move.to) || circleOf(from, move).length > 0)) {
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

/** The first move of which neither name is there; in the middle of a chain neither has to be. */
export function unknownMove(records: readonly ResourceRecord[], moves: readonly Move[]): Move | undefined {
  const names = records.map(({ name, replacedName = name }) => replacedName);
  const isThere = (of: string): boolean => names.some((name) => name === of || name.startsWith(`${of}/`));
  const isChained = ({ from, to }: Move): boolean => moves.some((move) => move.from === to || move.to === from);
  return moves.find((move) => !isThere(move.from) && !isThere(move.to) && !isChained(move));
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
 * Gives what is there the names that it has after the moves, with its values; `moves` must have passed wrongMoves, and `done`
 * are those of the stack's last definition. A move of what is not there does nothing, and neither does one of a name that is
 * still declared, to which another has moved, once it is done. Throws StackValidationFailed when the place is taken, or the
 * type is another.
 */
export function moveResources(
  stack: StackInterface,
  present: ReadonlyMap<string, PresentResource>,
  moves: readonly PlacedMove[],
  done: readonly Move[],
): MovedResources {
  const ways = new Ways(stack, moves, done);
  const names = new Map<string, string>();
  const movesByName = new Map<string, PlacedMove>();
  for (const { record } of present.values()) {
    const name = record.replacedName ?? record.name;
    const way = names.has(name) ? undefined : ways.of(name);
    if (way === undefined) continue;
    names.set(name, way.to);
    movesByName.set(name, way.move);
  }
  refuseTaken(present, names, movesByName);
  for (const [name, to] of names) refuseOtherType(stack, present.get(name), to, movesByName.get(name) as PlacedMove);
  return renamed(present, names);
}

/** Where the moves of an update lead. */
class Ways {
  readonly #stack: StackInterface;
  readonly #from: ReadonlyMap<string, PlacedMove>;
  readonly #done: ReadonlySet<string>;

  constructor(stack: StackInterface, moves: readonly PlacedMove[], done: readonly Move[]) {
    this.#stack = stack;
    this.#from = new Map(moves.map((move) => [move.from, move]));
    this.#done = new Set(done.map(keyOf));
  }

  /**
   * The name that a resource gets, by its own move or that of the innermost of those that it is a member of; undefined when it
   * keeps its name. A chain ends at the first name that is declared: between those that are not, it tells one story of one
   * resource; from one that is, another has moved on.
   */
  of(name: string): { readonly to: string; readonly move: PlacedMove } | undefined {
    const move = moveOf(this.#from, name);
    if (move === undefined || this.#isDone(move)) return undefined;
    let last = move;
    for (let next: PlacedMove | undefined = move; next !== undefined; next = this.#from.get(last.to)) {
      last = next;
      if (isDeclared(this.#stack, last.to)) break;
    }
    return { to: `${last.to}${name.slice(move.from.length)}`, move };
  }

  /** Who is there under a name that another has moved to is that one, unless the update is the first that tells of the move. */
  #isDone(move: PlacedMove): boolean {
    if (!isDeclared(this.#stack, move.from)) return false;
    const circle = circleOf(this.#from, move);
    return (circle.length === 0 ? [move] : circle).every((each) => this.#done.has(keyOf(each)));
  }
}

function keyOf({ from, to }: Move): string {
  return JSON.stringify([from, to]);
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

/** The moves that lead from the move's end back to its beginning, itself first; empty when none do. */
function circleOf(from: ReadonlyMap<string, PlacedMove>, move: PlacedMove): readonly PlacedMove[] {
  const circle: PlacedMove[] = [];
  for (let next: PlacedMove | undefined = move; next !== undefined; next = from.get(next.to)) {
    circle.push(next);
    if (next.to === move.from) return circle;
    // It leads into a circle that it is no part of.
    if (circle.length > from.size) return [];
  }
  return [];
}

/** Also a resource that its condition leaves out is declared. */
function isDeclared({ template, numbers }: StackInterface, name: string): boolean {
  return numbers.has(name) || template.resources.has(name);
}

function refuseTaken(
  present: ReadonlyMap<string, PresentResource>,
  names: ReadonlyMap<string, string>,
  moves: ReadonlyMap<string, PlacedMove>,
): void {
  const taken = new Map<string, string>();
  for (const [name, to] of names) {
    const there = names.has(to) ? undefined : present.get(to)?.record;
    const isThere = there !== undefined && there.action !== 'INIT';
    if (!taken.has(to) && !isThere) {
      taken.set(to, name);
      continue;
    }
    throw new StackValidationFailed({
      what: `'${name}' cannot be moved to '${to}': there is a resource of that name already.`,
      where: moves.get(name)?.where,
      why: isThere ? 'The stack has both of them.' : `'${taken.get(to)}' is moved there too.`,
      fix: `Delete one of them by an update first, or move '${name}' to another name.`,
    });
  }
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
