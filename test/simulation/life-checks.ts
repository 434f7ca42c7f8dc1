import type { Json } from '../../src/values.ts';
import { endOf, type ModelledEnd, playModel } from '../reference/model-end.ts';
import { missingOf, type Part, readValue } from '../reference/part.ts';
import type { StackModel } from '../reference/stack-model.ts';
import type { Complaint } from './checks.ts';
import { foreignReadsOf, type Life, type LifeStep, stackOf } from './life.ts';
import type { Entry } from './log.ts';
import { type LifePlay, roundsOf, type StepEnd } from './play-life.ts';
import { hasPortCycle } from './ports.ts';
import { groupOf, LONG_MS, type StackSketch } from './scenario.ts';

/** What is known of a stack before a step. */
interface Before {
  /** The version that it is, whole; undefined after a failure. */
  readonly present: number | undefined;
  /** The versions one of which a rollback goes back to: undefined for none. It is one, but where one update followed another. */
  readonly complete: readonly (number | undefined)[];
  /** What it has read of others. */
  readonly reads: Given;
}

/** By name, the values of other stacks and of nobody. */
type Given = { readonly [name: string]: Json };

/** One step with all that there is to know of it. */
interface Lived {
  readonly step: LifeStep;
  readonly end: StepEnd;
  readonly before: Before;
  /** What happened in it to its stack. */
  readonly log: readonly Entry[];
  /** What the step ends with if nothing goes wrong. */
  readonly target: number;
  /** The others that began together with it. */
  readonly beside: readonly Lived[];
  /** How every stack stood before. */
  readonly world: World;
}

/** By stack, how it was left by the last step that brought it somewhere. */
type World = { readonly [stack: string]: Pick<StepEnd, 'state' | 'values'> | undefined };

type StepCheck = (lived: Lived, play: LifePlay) => string | undefined;

/** The rules that each step has to keep, by name. */
export const STEP_CHECKS: { readonly [name: string]: StepCheck } = {
  failsForAReason,
  completeAsMadeFresh,
  rolledBackToTheLast,
  untouchedIsLeftAlone,
  nothingIsUnknown,
  readsAreReleasedOnce,
  readsAreTrue,
  staleExactlyWhenChanged,
};

/** The rules of a whole life. */
export const LIFE_CHECKS: { readonly [name: string]: (play: LifePlay) => string | undefined } = {
  nothingRemains,
  removedOnce,
  refusedExactlyForReaders,
};

/** The first complaint of any check; undefined when the life keeps every rule. */
export function checkLife(
  play: LifePlay,
  names = [...Object.keys(STEP_CHECKS), ...Object.keys(LIFE_CHECKS)],
): Complaint | undefined {
  const before = new Map<string, Before>();
  const world: { [stack: string]: StepEnd } = {};
  for (const round of roundsOf(play.life)) {
    const lived = round.map((step) => livedOf(play, step, before, { ...world }));
    for (const one of lived) (one as { beside: readonly Lived[] }).beside = lived.filter((other) => other !== one);
    for (const one of lived) {
      for (const check of names) {
        const saw = STEP_CHECKS[check]?.(one, play);
        if (saw !== undefined) return { check, saw: `step ${play.life.steps.indexOf(one.step)}: ${saw}` };
      }
    }
    for (const one of lived) {
      before.set(stackOf(play.life, one.step), after(one, play));
      world[stackOf(play.life, one.step)] = one.end;
    }
  }
  for (const check of names) {
    const saw = LIFE_CHECKS[check]?.(play);
    if (saw !== undefined) return { check, saw };
  }
  return undefined;
}

const NEW: Before = { present: undefined, complete: [undefined], reads: {} };

function livedOf(play: LifePlay, step: LifeStep, before: ReadonlyMap<string, Before>, world: World): Lived {
  const end = play.steps[play.life.steps.indexOf(step)] as StepEnd;
  const stack = stackOf(play.life, step);
  const isOfOther = (entry: Entry): boolean => {
    const owner = entry.kind === 'told' ? entry.event.stack : 'stack' in entry ? entry.stack : stack;
    return owner !== stack;
  };
  const log = play.log.slice(end.from, end.until).filter((entry) => !isOfOther(entry));
  const target = step.superseded?.to ?? step.to;
  return { step, end, before: before.get(stack) ?? NEW, log, target, beside: [], world };
}

function after({ step, end, target, before }: Lived, { life }: LifePlay): Before {
  const { reads } = end;
  if (isComplete(end.state)) return { present: target, complete: [target], reads };
  const complete = step.superseded === undefined ? before.complete : [...before.complete, step.to];
  if (end.state !== 'ROLLBACK_COMPLETE') return { present: undefined, complete, reads };
  const restored = complete.filter((version) => differenceFrom(life, version, end) === undefined);
  return { present: restored.length === 1 ? restored[0] : undefined, complete: restored, reads };
}

function isComplete(state: string | undefined): boolean {
  return state === 'CREATE_COMPLETE' || state === 'UPDATE_COMPLETE';
}

/** Under every schedule the steps end alike; only for lives in which nothing depends on time. */
export function livesAlike(plays: readonly LifePlay[]): Complaint | undefined {
  const [first, ...others] = plays;
  if (first === undefined || !isTimeless(first.life)) return undefined;
  for (const other of others) {
    const complaint = differentEnds(first, other);
    if (complaint !== undefined) return { ...complaint, check: 'livesAlike' };
  }
  return undefined;
}

/** A life that an engine's death disturbs ends as the undisturbed one: the steps of both end alike. */
export function differentEnds(one: LifePlay, two: LifePlay): Complaint | undefined {
  for (const [index, end] of one.steps.slice(0, countComparable(one.life)).entries()) {
    const [first, second] = [end, two.steps[index] as StepEnd].map((each) => print(endings(each)));
    if (first === second) continue;
    const [under, otherwise] = [one, two].map(({ schedule, life }) => print({ schedule, kills: life.kills }));
    return { check: 'endsAlike', saw: `step ${index}: ${first} under ${under}, ${second} under ${otherwise}` };
  }
  return undefined;
}

/** The steps until, after the creates, two begin together of which one reads of the other: what that had before, or has then. */
function countComparable(life: Life): number {
  const [creates = [], ...later] = roundsOf(life);
  let count = creates.length;
  for (const round of later) {
    const stacks = round.map((step) => stackOf(life, step));
    const reads = round.flatMap(({ to }) => foreignReadsOf(life.versions[to] as StackSketch));
    if (reads.some((name) => round.length > 1 && stacks.includes(name.split('.')[0] as string))) break;
    count += round.length;
  }
  return count;
}

/**
 * What the steps of lives end with that go alike: by resource only how it stands, since a killed one is made anew. Of a step
 * that fails, only what is complete: what has failed may have been tried again, and leaves attempts behind.
 */
function endings({ state, outputs, values, resources, things }: StepEnd) {
  const own = Object.entries(resources).filter(([name]) => !name.includes('//'));
  const standing = Object.fromEntries(own.map(([name, each]) => [name, each.split('_').at(-1)]));
  const isStanding = (name: string): boolean => standing[name.split('.')[0] as string] === 'COMPLETE';
  const kept = Object.fromEntries(Object.entries(values).filter(([name]) => isStanding(name)));
  const isWhole = state?.endsWith('_COMPLETE') === true;
  return { state, values: kept, resources: standing, ...(isWhole ? { outputs, things } : {}) };
}

/** Of stacks that are updated together one may read what another had before or what it has then. */
function isTimeless(life: Life): boolean {
  const { steps, versions, kills } = life;
  const [creates, ...later] = roundsOf(life);
  const mayRollBack = creates !== undefined && creates.length > 1 && creates.some(({ rollback }) => rollback);
  return (
    !mayRollBack &&
    later.every((round) => round.length === 1) &&
    kills.length === 0 &&
    !steps.some((step) => isStopped(step) || step.superseded !== undefined) &&
    !versions.some((version) => stepsOf(version).includes('hang'))
  );
}

function isStopped({ cancelMs, timeoutMs }: LifeStep): boolean {
  return cancelMs !== undefined || timeoutMs !== LONG_MS;
}

function stepsOf({ resources }: StackSketch): readonly string[] {
  return resources.flatMap(({ branches }) => branches.flat().map((step) => step.do));
}

const FAULTS = ['fail', 'stray', 'hang'];

function isFaulty(version: StackSketch): boolean {
  return stepsOf(version).some((step) => FAULTS.includes(step));
}

/** The version with handlers that do all that they are to do. */
function faultless(version: StackSketch): StackSketch {
  const resources = version.resources.map((resource) => ({
    ...resource,
    branches: resource.branches.map((steps) => steps.filter((step) => !FAULTS.includes(step.do))),
  }));
  return { ...version, resources };
}

const models = new WeakMap<Life, Map<string, StackModel>>();

/** The version as it comes out when it is created from nothing, others being as `given`; `isOrdered`: it heeds depends_on. */
function fresh(life: Life, version: number, given: Given, isOrdered = true): StackModel {
  const known = models.get(life) ?? new Map<string, StackModel>();
  models.set(life, known);
  const key = `${version} ${isOrdered} ${print(given)}`;
  const sketch = faultless(life.versions[version] as StackSketch);
  const model = known.get(key) ?? playModel([isOrdered ? sketch : unordered(sketch)], given);
  known.set(key, model);
  return model;
}

function freshEnd(life: Life, version: number, given: Given): ModelledEnd {
  return endOf(life.versions[version] as StackSketch, fresh(life, version, given));
}

/**
 * The version as it is when it is complete. An update may have come there where a create does not: when a handler awaits more
 * than it declares, and waits for itself by way of a depends_on. That holds back only what is called, and makes no value.
 */
function whole(life: Life, version: number, given: Given): StackModel {
  const isOrdered = freshEnd(life, version, given).state === 'CREATE_COMPLETE';
  return fresh(life, version, given, isOrdered);
}

function unordered(version: StackSketch): StackSketch {
  return { ...version, resources: version.resources.map((resource) => ({ ...resource, dependsOn: [] })) };
}

/**
 * A step fails only when a handler of what it is to bring about has a fault, or when it is stopped; or when it reads of
 * another stack what is not there; or where what has to be replaced has told something before that could be known, since it
 * reads what depends on itself.
 */
function failsForAReason(lived: Lived, { life, schedule }: LifePlay): string | undefined {
  const { step, end, target, before, log, beside } = lived;
  if (isComplete(end.state) || log.some(tellsOfToldValue)) return undefined;
  const version = life.versions[target] as StackSketch;
  if (!findsAll(lived, version, life)) return undefined;
  // Stacks that are brought there together may wait for each other.
  const together = [version, ...beside.map((other) => life.versions[other.target] as StackSketch)];
  if (beside.length > 0 && hasPortCycle(together, true)) return undefined;
  // A handler that hangs keeps its slot.
  const isHanging = beside.some(({ step: { to, superseded } }) =>
    [to, superseded?.to ?? to].some((each) => stepsOf(life.versions[each] as StackSketch).includes('hang')),
  );
  if (isHanging && schedule.concurrency < Number.POSITIVE_INFINITY) return undefined;
  // A handler that reads what depends on what it has not written yet.
  if (freshEnd(life, target, heldOf(end)).state !== 'CREATE_COMPLETE') return undefined;
  if (!isStopped(step) && !isFaulty(version)) return `${end.state} (${end.code})`;
  const canRollBack =
    step.rollback &&
    before.complete.every((earlier) => {
      if (earlier === undefined) return end.state?.startsWith('CREATE');
      // What has a fault was complete without having been called, and may have to be called now.
      const definition = life.versions[earlier] as StackSketch;
      return !isFaulty(definition) && findsAll(lived, definition, life);
    });
  const isSure = step.superseded === undefined && step.timeoutMs === LONG_MS;
  return canRollBack && isSure && end.state !== 'ROLLBACK_COMPLETE'
    ? `${end.state} in spite of the rollback`
    : undefined;
}

/**
 * All that the version reads of others is there when the step is over, and each of those stacks was complete before, or came
 * to be for the first time, and is complete now: a read of one that has failed fails. So does a read of one that was stopped before
 * it had what is read, to be superseded, or when an engine was killed before that was stored: then another goes on with it.
 */
function findsAll({ end, beside, world, log }: Lived, version: StackSketch, life: Life): boolean {
  return foreignReadsOf(version).every((name) => {
    const owner = name.split('.')[0] as string;
    if (owner === 'ops') return true;
    const other = beside.find(({ step }) => stackOf(life, step) === owner);
    const writer = name.split('.').slice(0, -1).join('.');
    const givenUp = log.findIndex((entry) => entry.kind === 'arrived' && entry.isFailure && entry.name === writer);
    const goesOn =
      other?.step.superseded !== undefined || log.some(({ kind }, at) => kind === 'killed' && at > givenUp);
    if (other !== undefined && givenUp >= 0 && goesOn) return false;
    const now = other?.end ?? world[owner];
    const wasReady = world[owner] === undefined || isComplete(world[owner].state);
    return wasReady && isComplete(now?.state) && end.held[name] !== undefined;
  });
}

/** What others hold when the step is over. */
function heldOf({ held }: StepEnd): Given {
  return Object.fromEntries(Object.entries(held).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

function tellsOfToldValue(entry: Entry): boolean {
  if (entry.kind !== 'told' || entry.event.type !== 'resource') return false;
  return entry.event.reason.includes('with another value than others have got of it in this update');
}

/**
 * What is complete is as if its template had been created from nothing, in the store and in the world. But for a stack that
 * is stale already: another has changed while it was updated, and some of it was read before that.
 */
function completeAsMadeFresh({ end, target, beside }: Lived, { life }: LifePlay): string | undefined {
  if (beside.length > 0 && end.stale.length > 0) return undefined;
  return isComplete(end.state) ? differenceFrom(life, target, end) : undefined;
}

/** A rollback ends with what the stack was when it was last complete; that of a create, with nothing. */
function rolledBackToTheLast({ step, end, before }: Lived, { life }: LifePlay): string | undefined {
  if (end.state !== 'ROLLBACK_COMPLETE') return undefined;
  const complete = step.superseded === undefined ? before.complete : [...before.complete, step.to];
  const differences = complete.map((version) => differenceFrom(life, version, end));
  return differences.includes(undefined) ? undefined : differences[0];
}

/** `version`: undefined for a stack of which nothing was ever complete. */
function differenceFrom(life: Life, version: number | undefined, end: StepEnd): string | undefined {
  if (version === undefined) {
    const left = [...Object.keys(end.resources), ...Object.keys(end.things)];
    return left.length === 0 ? undefined : `left of a create: ${left}`;
  }
  const sketch = life.versions[version] as StackSketch;
  const expected = endOf(sketch, whole(life, version, end.reads));
  const { resources } = sketch;
  const sketches = resources.filter(({ isEnabled }) => isEnabled);
  const groups = resources.flatMap(({ name }) => groupOf(name) ?? []);
  const making = sketches.filter(({ branches }) => branches.flat().some((step) => step.do === 'make'));
  const there = {
    resources: Object.keys(end.resources).sort(),
    values: end.values,
    outputs: end.outputs,
    things: end.things,
  };
  const wanted = {
    resources: [...new Set([...sketches.map(({ name }) => name), ...groups])].sort(),
    values: expected.values,
    outputs: expected.outputs,
    things: Object.fromEntries(making.map(({ name }) => [name, 1])),
  };
  for (const part of ['resources', 'values', 'outputs', 'things'] as const) {
    if (print(there[part]) !== print(wanted[part])) return `${part}: ${print(there[part])}, not ${print(wanted[part])}`;
  }
  const open = Object.entries(end.resources).find(([, state]) => !state.endsWith('_COMPLETE'));
  return open === undefined ? undefined : `${open} in a stack that is complete`;
}

/**
 * No handler is called of a resource whose type and inputs come out equal, whatever happens meanwhile; but where what is read
 * of others may change in between.
 */
function untouchedIsLeftAlone(
  { step, target, before: { present, reads }, log, end, beside }: Lived,
  { life }: LifePlay,
): string | undefined {
  if (present === undefined) return undefined;
  const targets = [...new Set([step.to, target])];
  const readsOfOthers = [present, ...targets].some(
    (version) => foreignReadsOf(life.versions[version] as StackSketch).length > 0,
  );
  if (readsOfOthers && beside.length > 0) return undefined;
  const untouched = (life.versions[present] as StackSketch).resources
    .map(({ name }) => name)
    .filter((name) =>
      targets.every((to) => {
        const made = madeWith(life, present, name, reads);
        return made !== undefined && made === madeWith(life, to, name, heldOf(end));
      }),
    );
  const called = log.find(
    (entry) => entry.kind === 'handler' && entry.did === 'start' && untouched.includes(entry.resource),
  );
  return called?.kind === 'handler' ? `${called.resource} is called, and nothing of it differs` : undefined;
}

/** Type, inputs and what is read at run time, as one text; undefined for what cannot be compared. */
function madeWith(life: Life, number: number, resource: string, given: Given): string | undefined {
  const version = life.versions[number] as StackSketch;
  const sketch = version.resources.find(({ name }) => name === resource);
  if (sketch?.isEnabled !== true) return undefined;
  const { type, branches, inputs } = sketch;
  // Of an input that never came nobody can tell whether it is what it was.
  if (!foreignReadsOf({ ...version, resources: [sketch], outputs: {} }).every((name) => Object.hasOwn(given, name)))
    return undefined;
  const model = whole(life, number, given);
  const part = model.parts.find(({ key }) => key === `${version.name}.${resource}`) as Part;
  // Nor of one that would never come in a create, which waits for itself when a handler awaits more than it declares.
  if (Object.keys(inputs).some((input) => missingOf(part, input, model.space).length > 0)) return undefined;
  const values = Object.keys(inputs).map((input) => [input, readValue(part, input, model.space)]);
  const read = branches.flat().flatMap((step) => (step.do === 'read' ? [given[step.name] ?? null] : []));
  return print({ type, given: Object.fromEntries(values), read });
}

/** What was made is known: every thing in the world is of an attempt that the store has a record of. */
function nothingIsUnknown({ end: { unknown } }: Lived): string | undefined {
  return unknown.length === 0 ? undefined : `nobody knows of ${unknown}`;
}

/** A blocked read of a handler ends exactly once. Those of a killed engine do not end any more. */
function readsAreReleasedOnce({ log, step }: Lived, { life }: LifePlay): string | undefined {
  const blocked = new Set<string>();
  const isPlain = (reader: string): boolean =>
    [step.to, step.superseded?.to ?? step.to, ...life.versions.keys()].some((version) =>
      life.versions[version]?.resources.some(({ name, type }) => name === reader && type === 'Sim::Plain'),
    );
  for (const entry of log) {
    if (entry.kind === 'killed') blocked.clear();
    if (entry.kind !== 'told') continue;
    const { event } = entry;
    // A plain resource is told to be blocked before it starts, and may be skipped.
    if (event.type !== 'read:willBlock' && event.type !== 'read:didWake') continue;
    if (isPlain(event.reader)) continue;
    const key = `${event.reader} ${event.input}`;
    if (event.type === 'read:willBlock' && blocked.has(key)) return `${key} blocks twice`;
    if (event.type === 'read:didWake' && !blocked.has(key)) return `${key} wakes without having been blocked`;
    if (event.type === 'read:willBlock') blocked.add(key);
    else blocked.delete(key);
  }
  return blocked.size === 0 ? undefined : `${[...blocked]} never wakes`;
}

/** What a stack is said to have read of others are values that the names have had. */
function readsAreTrue({ end, before, beside, world }: Lived, { log }: LifePlay): string | undefined {
  const had = (name: string): readonly Json[] => {
    const [stack, ...rest] = name.split('.') as [string, ...string[]];
    if (stack === 'ops') return [name];
    const earlier = world[stack]?.values[rest.join('.')];
    return [...(earlier === undefined ? [] : [earlier]), ...storedIn(log.slice(end.from, end.until), name)];
  };
  const wrong = Object.entries(end.reads).find(
    ([name, value]) =>
      ![...had(name), ...(isKept(before, name, value) ? [value] : [])].some((each) => print(each) === print(value)),
  );
  return wrong === undefined
    ? undefined
    : `read is said to be ${wrong}, the values were ${print(had(wrong[0]))} (${beside.length} beside)`;
}

/** What was read by an earlier step and is not read again. */
function isKept({ reads }: Before, name: string, value: Json): boolean {
  return Object.hasOwn(reads, name) && print(reads[name]) === print(value);
}

function storedIn(log: readonly Entry[], name: string): readonly Json[] {
  return log.flatMap((entry) => {
    if (entry.kind !== 'stored') return [];
    return entry.changes.flatMap((change): readonly Json[] => {
      const at = (resource: string): string => `${entry.stack}.${resource}.`;
      if (change.kind === 'value') return at(change.resource) + change.attribute === name ? [change.value] : [];
      if (change.kind !== 'resource' || !name.startsWith(at(change.record.name))) return [];
      const value = change.values?.[name.slice(at(change.record.name).length)];
      return value === undefined ? [] : [value];
    });
  });
}

/** A stack is said to be stale in exactly those names of others that hold another value, or none, than it has read. */
function staleExactlyWhenChanged({ end: { reads, held, stale, state } }: Lived): string | undefined {
  if (state?.endsWith('IN_PROGRESS') === true) return undefined;
  const changed = Object.keys(reads).filter((name) => print(held[name]) !== print(reads[name]));
  return print([...stale].sort()) === print(changed.sort()) ? undefined : `stale: ${stale}, changed: ${changed}`;
}

/** After the stacks are deleted nothing of them is left anywhere. */
function nothingRemains({ left: { things, stacks, timers, blockedReads } }: LifePlay): string | undefined {
  if (things.length > 0) return `still there after everything was deleted: ${things}`;
  return stacks + timers + blockedReads === 0 ? undefined : print({ stacks, timers, blockedReads });
}

/** Unless an engine is killed or a step stopped in the middle of it, what was made is removed once. */
function removedOnce({ life, left: { removals } }: LifePlay): string | undefined {
  const isSure =
    life.kills.length === 0 && !life.steps.some((step) => isStopped(step) || step.superseded !== undefined);
  return isSure && removals > 1 ? `an attempt was to be removed ${removals} times` : undefined;
}

/** A stack is not deleted exactly while others have read of it. */
function refusedExactlyForReaders({ refusals }: LifePlay): string | undefined {
  const wrong = refusals.find(({ isRefused, readers }) => isRefused !== readers.length > 0);
  return wrong === undefined ? undefined : print(wrong);
}

/** With the keys in order; what is undefined is left out. */
function print(value: unknown): string {
  return JSON.stringify(value, (_, each: Json) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([left], [right]) => (left < right ? -1 : 1)))
      : each,
  );
}
