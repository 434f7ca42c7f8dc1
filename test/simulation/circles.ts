import { GROUP_STARTED } from './scenario.ts';
import { isNeeded, type State, type Wait } from './state.ts';

/** One hop of a circle that the engine has reported: who waits, by which read, for which name. */
export interface Hop {
  /** `stack.resource`. */
  readonly reader: string;
  /** An input or `depends_on`; undefined for a read at run time. */
  readonly input: string | undefined;
  /** `stack.resource.attribute`, or `stack.resource` for its end. */
  readonly name: string;
}

/** `default.s.r.a waits for default.s.q.late`, `... waits for default.s.q (done)`. */
export function parseHop(text: string): Hop {
  const [waiter, target] = text.split(' waits for ') as [string, string];
  const [, stack, resource, input] = waiter.split('.') as [string, string, string, string?];
  const name = target.replace(' (done)', '').split('.').slice(1).join('.');
  return { reader: `${stack}.${resource}`, input, name };
}

/** The first of the hops that is no wait now; undefined when all of them stand and each leads to the next. */
export function brokenHop(hops: readonly Hop[], state: State): string | undefined {
  const waits = state.waits(state.told);
  for (const [index, hop] of hops.entries()) {
    const next = hops[(index + 1) % hops.length] as Hop;
    if (ownerOf(hop.name) !== next.reader) return `${hop.name} is not of ${next.reader}`;
    // What the engine's own handler of a group waits for is not in the log.
    if (!state.groups.has(hop.reader) && waitOf(hop, waits) === undefined)
      return `${hop.reader} does not wait for ${hop.name} by ${hop.input ?? 'its name'}`;
  }
  return undefined;
}

/** Whether every reader in the circle needs what it waits for before it can write what the one before wants. */
export function isHard(hops: readonly Hop[], state: State): boolean {
  return hops.every((hop, index) => {
    const next = hops[(index + 1) % hops.length] as Hop;
    if (state.groups.has(next.reader)) return !hop.name.endsWith(GROUP_STARTED);
    const actor = state.actors.get(next.reader);
    return actor !== undefined && isNeeded(actor, hop.name, next.input ?? next.name);
  });
}

function waitOf(hop: Hop, waits: readonly Wait[]): Wait | undefined {
  return waits.find((wait) => isBy(hop, wait) && wait.missing.includes(hop.name));
}

function ownerOf(name: string): string {
  return name.split('.').slice(0, 2).join('.');
}

/** The hops of handlers that run: only those can be released, and stand until they are. */
export function readsOf(hops: readonly Hop[], state: State): readonly Hop[] {
  return hops.filter(({ reader }) => state.actors.get(reader)?.phase === 'running');
}

/** In an order of its own. The names between the reads are left out: they change as values come. */
export function printReads(hops: readonly Hop[]): string {
  return hops
    .map(({ reader, input }) => `${reader} ${input}`)
    .sort()
    .join();
}

/** Whether each of the circle's reads is blocked still. */
export function areBlocked(hops: readonly Hop[], state: State): boolean {
  const waits = state.waits();
  return hops.every((hop) => waits.some((wait) => isBy(hop, wait)));
}

function isBy({ reader, input, name }: Hop, { actor, read }: Wait): boolean {
  return actor.key === reader && read === (input ?? name);
}

/** Names that wait for each other, and the waits between them. */
export interface Circle {
  readonly names: readonly string[];
  readonly waits: readonly Wait[];
}

export function isOf(hop: Hop, { waits }: Circle): boolean {
  return waits.some((wait) => isBy(hop, wait));
}

/**
 * The groups of names that wait for each other, in the graph of DESIGN 4: from a name that is waited for, to what the
 * waits of its writer miss; with `onlyNeeded` only by waits that the name needs to end. By repeated search from every
 * name, since what it looks at is small.
 */
export function circlesOf(state: State, onlyNeeded: boolean): readonly Circle[] {
  const waits = state.waits();
  if (waits.length === 0) return [];
  const names = new Set(waits.flatMap(({ missing }) => missing));
  const next = new Map<string, readonly string[]>();
  for (const name of names) {
    const own = waits.filter(
      ({ actor, read }) => actor.key === ownerOf(name) && (!onlyNeeded || isNeeded(actor, name, read)),
    );
    // What is written comes, though it may be on its way: nothing holds it up any more.
    next.set(name, state.written.has(name) ? [] : own.flatMap(({ missing }) => missing));
  }
  const reach = new Map([...names].map((name) => [name, reachable(name, next)]));
  const circles: Circle[] = [];
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name) || !reach.get(name)?.has(name)) continue;
    const group = [...names].filter((other) => reach.get(name)?.has(other) && reach.get(other)?.has(name));
    for (const each of group) seen.add(each);
    const owners = new Set(group.map(ownerOf));
    const inside = waits.filter(
      ({ actor, missing }) => owners.has(actor.key) && missing.some((each) => group.includes(each)),
    );
    circles.push({ names: group, waits: inside });
  }
  return circles;
}

/** What can be reached from the name by at least one step. */
function reachable(name: string, next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...(next.get(name) ?? [])];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    if (found.has(each)) continue;
    found.add(each);
    open.push(...(next.get(each) ?? []));
  }
  return found;
}
