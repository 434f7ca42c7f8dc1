import type { Json } from '../../src/values.ts';
import { endOf, type ModelledEnd, playModel } from '../reference/model-end.ts';
import type { StackModel } from '../reference/stack-model.ts';
import type { Complaint } from './checks.ts';
import { type Life, type LifeStep, STACK } from './life.ts';
import type { Entry } from './log.ts';
import type { LifePlay, StepEnd } from './play-life.ts';
import { LONG_MS, type ResourceSketch, type StackSketch } from './scenario.ts';

/** What is known of the stack before a step. */
interface Before {
  /** The version that it is, whole; undefined after a failure. */
  readonly present: number | undefined;
  /** The versions one of which a rollback goes back to: undefined for none. It is one, but where one update followed another. */
  readonly complete: readonly (number | undefined)[];
}

/** One step with all that there is to know of it. */
interface Lived {
  readonly step: LifeStep;
  readonly end: StepEnd;
  readonly before: Before;
  /** What happened in it. */
  readonly log: readonly Entry[];
  /** What the step ends with if nothing goes wrong. */
  readonly target: number;
}

type StepCheck = (lived: Lived, play: LifePlay) => string | undefined;

/** The rules that each step has to keep, by name. */
export const STEP_CHECKS: { readonly [name: string]: StepCheck } = {
  failsForAReason,
  completeAsMadeFresh,
  rolledBackToTheLast,
  untouchedIsLeftAlone,
  nothingIsUnknown,
  readsAreReleasedOnce,
};

/** The rules of a whole life. */
export const LIFE_CHECKS: { readonly [name: string]: (play: LifePlay) => string | undefined } = {
  nothingRemains,
  removedOnce,
};

/** The first complaint of any check; undefined when the life keeps every rule. */
export function checkLife(
  play: LifePlay,
  names = [...Object.keys(STEP_CHECKS), ...Object.keys(LIFE_CHECKS)],
): Complaint | undefined {
  let before: Before = { present: undefined, complete: [undefined] };
  for (const [index, end] of play.steps.entries()) {
    const step = play.life.steps[index] as LifeStep;
    const log = play.log.slice(end.from, play.steps[index + 1]?.from);
    const target = step.superseded?.to ?? step.to;
    const lived: Lived = { step, end, before, log, target };
    for (const check of names) {
      const saw = STEP_CHECKS[check]?.(lived, play);
      if (saw !== undefined) return { check, saw: `step ${index}: ${saw}` };
    }
    before = after(lived, play);
  }
  for (const check of names) {
    const saw = LIFE_CHECKS[check]?.(play);
    if (saw !== undefined) return { check, saw };
  }
  return undefined;
}

function after({ step, end, target, before }: Lived, { life }: LifePlay): Before {
  if (isComplete(end.state)) return { present: target, complete: [target] };
  const complete = step.superseded === undefined ? before.complete : [...before.complete, step.to];
  if (end.state !== 'ROLLBACK_COMPLETE') return { present: undefined, complete };
  const restored = complete.filter((version) => differenceFrom(life, version, end) === undefined);
  return { present: restored.length === 1 ? restored[0] : undefined, complete: restored };
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
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

/** The steps of both end alike. */
export function differentEnds(one: LifePlay, two: LifePlay): Complaint | undefined {
  for (const [index, end] of one.steps.entries()) {
    const [first, second] = [end, two.steps[index] as StepEnd].map((each) => print(endings(each)));
    if (first === second) continue;
    const [under, otherwise] = [one, two].map(({ schedule, life }) => print({ schedule, kills: life.kills }));
    return { check: 'endsAlike', saw: `step ${index}: ${first} under ${under}, ${second} under ${otherwise}` };
  }
  return undefined;
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

function isTimeless({ steps, versions, kills }: Life): boolean {
  return (
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

const models = new WeakMap<Life, Map<number, StackModel>>();

/** The version as it comes out when it is created from nothing. */
function fresh(life: Life, version: number): StackModel {
  const known = models.get(life) ?? new Map<number, StackModel>();
  models.set(life, known);
  const model = known.get(version) ?? playModel([faultless(life.versions[version] as StackSketch)], life.outside);
  known.set(version, model);
  return model;
}

function freshEnd(life: Life, version: number): ModelledEnd {
  return endOf(life.versions[version] as StackSketch, fresh(life, version));
}

/**
 * A step fails only when a handler of what it is to bring about has a fault, or when it is stopped; or where what has to be
 * replaced has told something before that could be known, since it reads what depends on itself.
 */
function failsForAReason({ step, end, target, before, log }: Lived, { life }: LifePlay): string | undefined {
  if (isComplete(end.state) || log.some(tellsOfToldValue)) return undefined;
  // A handler that reads what depends on what it has not written yet.
  if (freshEnd(life, target).state !== 'CREATE_COMPLETE') return undefined;
  if (!isStopped(step) && !isFaulty(life.versions[target] as StackSketch)) return `${end.state} (${end.code})`;
  const canRollBack =
    step.rollback &&
    before.complete.every((version) =>
      // What has a fault was complete without having been called, and may have to be called now.
      version === undefined ? end.state?.startsWith('CREATE') : !isFaulty(life.versions[version] as StackSketch),
    );
  const isSure = step.superseded === undefined && step.timeoutMs === LONG_MS;
  return canRollBack && isSure && end.state !== 'ROLLBACK_COMPLETE'
    ? `${end.state} in spite of the rollback`
    : undefined;
}

function tellsOfToldValue(entry: Entry): boolean {
  if (entry.kind !== 'told' || entry.event.type !== 'resource') return false;
  return entry.event.reason.includes('with another value than others have got of it in this update');
}

/** What is complete is as if its template had been created from nothing, in the store and in the world. */
function completeAsMadeFresh({ end, target }: Lived, { life }: LifePlay): string | undefined {
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
  const expected = freshEnd(life, version);
  const sketches = (life.versions[version] as StackSketch).resources.filter(({ isEnabled }) => isEnabled);
  const making = sketches.filter(({ branches }) => branches.flat().some((step) => step.do === 'make'));
  const there = {
    resources: Object.keys(end.resources).sort(),
    values: end.values,
    outputs: end.outputs,
    things: end.things,
  };
  const wanted = {
    resources: sketches.map(({ name }) => name).sort(),
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
 * No handler is called of a resource whose type and inputs come out equal, whatever happens meanwhile. (But for one that does
 * not await all of its inputs, where an engine has been killed: it may not have been recorded what they came to.)
 */
function untouchedIsLeftAlone(
  { step, target, before: { present }, log }: Lived,
  { life }: LifePlay,
): string | undefined {
  if (present === undefined) return undefined;
  const targets = [...new Set([step.to, target])];
  const untouched = (life.versions[present] as StackSketch).resources
    .filter((resource) => life.kills.length === 0 || awaitsAll(resource))
    .map(({ name }) => name)
    .filter((name) => targets.every((to) => isSame(life, present, to, name)));
  const called = log.find(
    (entry) => entry.kind === 'handler' && entry.did === 'start' && untouched.includes(entry.resource),
  );
  return called?.kind === 'handler' ? `${called.resource} is called, and nothing of it differs` : undefined;
}

function awaitsAll({ type, inputs, branches }: ResourceSketch): boolean {
  const awaited = branches.flat().flatMap((step) => (step.do === 'await' ? step.inputs : []));
  return type === 'Sim::Plain' || Object.keys(inputs).every((input) => awaited.includes(input));
}

function isSame(life: Life, from: number, to: number, name: string): boolean {
  const [one, two] = [from, to].map((version) => {
    const sketch = (life.versions[version] as StackSketch).resources.find((each) => each.name === name);
    return sketch?.isEnabled === true ? print(madeWith(sketch, fresh(life, version))) : undefined;
  });
  return one !== undefined && one === two;
}

function madeWith({ name, type }: ResourceSketch, model: StackModel): unknown {
  return { type, given: model.givenTo(`${STACK}.${name}`) };
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

/** After the stack is deleted nothing of it is left anywhere. */
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

/** With the keys in order; what is undefined is left out. */
function print(value: unknown): string {
  return JSON.stringify(value, (_, each: Json) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([left], [right]) => (left < right ? -1 : 1)))
      : each,
  );
}
