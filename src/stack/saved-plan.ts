import { scryptSync } from 'node:crypto';
import { PlanStale, StackValidationFailed, UserParameterMissing } from '../errors.ts';
import { changedSince, type Fingerprint, fingerprintOf, fingerprintOfResources } from '../plan/fingerprint.ts';
import type { Plan, PlanStep } from '../plan/plan.ts';
import type { ResourceRecord, StackDefinition, StackRecord } from '../store/stack-store.ts';
import type { Move } from '../template/moved.ts';
import { isJsonObject, type Json, type JsonObject, sameJson } from '../values.ts';
import { listNames } from '../wording.ts';
import { type Analysis, analyse, analyseStored } from './analyse.ts';
import { type CreateOptions, planOfCreate } from './create.ts';
import { visibleDefinitionOf } from './definition.ts';
import type { StackDescription } from './describe.ts';
import { Operation } from './operation.ts';
import { presentResources } from './present.ts';
import type { Refusal } from './restrictions.ts';
import type { StackServices } from './services.ts';
import { requireKey } from './stored-secrets.ts';
import { checkTags } from './tags.ts';
import { planOf, prepareUpdate, refuseWrongMoves, runUpdate, tagsOf, type UpdateOptions } from './update.ts';

/** A plan with all that is needed to do it later, as plain data. It holds the visible parameters, and no hidden one. */
export interface SavedPlan {
  /** The version of this form. */
  readonly hotloomPlan: 1;
  /** UUID. */
  readonly id: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly createdAt: number;
  readonly plan: Plan;
  /** What the stack is to be. */
  readonly definition: StackDefinition;
  /** Slow digests of the hidden parameters that are not at their defaults: the values have to be the same. */
  readonly hidden: { readonly [parameter: string]: string };
  /** Those of them that have to be given again, since the stack has no such value stored. */
  readonly asked: readonly string[];
  readonly rollback: boolean;
  /** The moves that were given besides those of the template. */
  readonly moves: readonly Move[];
  /** The tags that the stack is to have; absent for those that it has. */
  readonly tags?: readonly string[];
  /** What the stack was; null when there was none. */
  readonly basis: Fingerprint | null;
  /** Of an update that converges: what of the real things was not as it was made. */
  readonly observed?: Fingerprint['resources'];
}

export interface ApplyOptions {
  /** What planCreate or planUpdate gave, or the same read from a file. */
  readonly plan: SavedPlan;
  /** The values of the hidden parameters that are not in the plan; those that the stack has stored may be left out. */
  readonly parameters?: JsonObject;
  /** Milliseconds until what has not ended is stopped; default 3,600,000. */
  readonly timeoutMs?: number;
  /** Cancels the action. */
  readonly signal?: AbortSignal;
}

/** The plan of a create, to be applied later. Throws what create throws before it makes anything. */
export function savePlanOfCreate(services: StackServices, options: CreateOptions): SavedPlan {
  checkTags(options.tags);
  const analysis = analyse(services, options);
  const plan = planOfCreate(analysis);
  return savedPlan(services, analysis, plan, options, null);
}

/** The plan of an update, to be applied later. Throws what an update throws before it makes anything. */
export async function savePlanOfUpdate(services: StackServices, options: UpdateOptions): Promise<SavedPlan> {
  const { record, analysis } = await prepareUpdate(services, options);
  const all = await presentResources(services, record.id);
  const { plan, observed } = await planOf(services, record, analysis, all, options);
  const basis = fingerprintOf(record, all);
  return {
    ...savedPlan(services, analysis, plan, { ...options, tags: tagsOf(options) }, basis, record.hidden),
    ...(options.converge === true ? { observed: observedDigests(observed) } : {}),
  };
}

function observedDigests(observed: readonly ResourceRecord[]): Fingerprint['resources'] {
  return fingerprintOfResources(observed.map((record) => [record.name, { record, values: {} }]));
}

/**
 * Does what a saved plan tells, and nothing that it does not tell: what was not known when it was made may come out as it
 * was. Resolves with the complete stack. Throws PlanStale when the stack has changed since, UserParameterMissing for a hidden
 * parameter that is neither given nor stored with the value that it was planned with, and what a create or an update throws.
 */
export async function applyPlan(services: StackServices, options: ApplyOptions): Promise<StackDescription> {
  const saved = checkSavedPlan(options.plan);
  return saved.basis === null
    ? applyCreate(services, saved, options)
    : applyUpdate(services, saved, saved.basis, options);
}

async function applyCreate(
  services: StackServices,
  saved: SavedPlan,
  { timeoutMs, signal, parameters: hidden = {} }: ApplyOptions,
): Promise<StackDescription> {
  const { space, stack } = saved.plan;
  refuseMissing(saved, hidden);
  if ((await services.store.findStack(space, stack)) !== undefined) {
    throw planStale(stack, ['there was no stack of that name, and now there is one']);
  }
  const id = services.randomness.uuid();
  const analysis = analyseStored(services, { id, space, name: stack, ...saved.definition }, hidden);
  refuseOtherHidden(saved, analysis);
  refuseOther(saved, planOfCreate(analysis));
  const limits = { timeoutMs, signal, rollback: 'delete', rollsBack: saved.rollback } as const;
  return services.running.starting(space, stack, () => new Operation(services, limits, analysis, id).run(saved.tags));
}

async function applyUpdate(
  services: StackServices,
  saved: SavedPlan,
  basis: Fingerprint,
  { timeoutMs, signal, parameters }: ApplyOptions,
): Promise<StackDescription> {
  const { space, stack: name } = saved.plan;
  const before = await services.store.findStack(space, name);
  if (before === undefined) throw planStale(name, ['there is no stack of that name in the store any more']);
  requireKey(before);
  await refuseChanged(services, before, basis);
  const hidden = { ...storedHidden(saved, before, parameters), ...parameters };
  refuseMissing(saved, hidden);
  const analysis = analyseStored(services, { id: before.id, space, name, ...saved.definition }, hidden);
  refuseOtherHidden(saved, analysis);
  refuseWrongMoves(analysis, saved.moves);
  const refuseOtherPlan = async (observed: readonly ResourceRecord[]): Promise<void> => {
    const all = await presentResources(services, before.id);
    const { plan } = await planOf(services, before, analysis, all, { moves: saved.moves, observed });
    refuseOther(saved, plan);
  };
  // What the real things are is asked once, by the update itself.
  if (saved.observed === undefined) await refuseOtherPlan([]);
  return runUpdate(services, before, analysis, {
    timeoutMs,
    signal,
    rollback: saved.rollback,
    moves: saved.moves,
    tags: saved.tags,
    converge: saved.observed !== undefined,
    refusal: refusalOf(saved.plan),
    // Somebody else may have changed it until it was claimed.
    check: (record) => refuseChanged(services, record, basis),
    checkObserved: async (observed) => {
      refuseOtherObserved(name, saved.observed ?? {}, observedDigests(observed));
      await refuseOtherPlan(observed);
    },
  });
}

/** Of the hidden parameters that are not given, those that are stored with the values that were planned with. */
function storedHidden(
  { hidden, id }: SavedPlan,
  { hidden: stored = {} }: StackRecord,
  given: JsonObject = {},
): JsonObject {
  const names = Object.keys(hidden).filter((name) => !Object.hasOwn(given, name));
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = Object.hasOwn(stored, name) ? stored[name] : undefined;
      return value !== undefined && digestOf(value, id) === hidden[name] ? [[name, value]] : [];
    }),
  );
}

/** What of the options of an action is kept in its plan. */
interface PlannedOptions {
  readonly rollback?: boolean;
  readonly moves?: readonly Move[];
  readonly tags?: readonly string[] | undefined;
}

function savedPlan(
  { randomness, clock }: StackServices,
  analysis: Analysis,
  plan: Plan,
  { rollback = false, moves = [], tags }: PlannedOptions,
  basis: Fingerprint | null,
  stored: JsonObject = {},
): SavedPlan {
  const id = randomness.uuid();
  const hidden = hiddenDigests(analysis, id);
  const isStored = (name: string): boolean => {
    const value = analysis.parameters.get(name);
    return Object.hasOwn(stored, name) && value !== undefined && sameJson(stored[name] as Json, value);
  };
  return {
    hotloomPlan: 1,
    id,
    createdAt: clock.now(),
    plan,
    definition: visibleDefinitionOf(analysis),
    hidden,
    asked: Object.keys(hidden).filter((name) => !isStored(name)),
    rollback,
    moves,
    ...(tags === undefined ? {} : { tags }),
    basis,
  };
}

/** scrypt with Node's cost, some 40 ms, so that a short secret is not soon guessed from a plan. */
function digestOf(value: Json, salt: string): string {
  return scryptSync(JSON.stringify(value), salt, 32).toString('base64');
}

// --- what is refused ---

/** Throws StackValidationFailed for what is no saved plan. */
function checkSavedPlan(given: unknown): SavedPlan {
  const data = given as JsonObject;
  const isPlan =
    isJsonObject(data) && isJsonObject(data.plan) && isJsonObject(data.definition) && isJsonObject(data.hidden);
  if (isPlan && data.hotloomPlan === 1) return given as SavedPlan;
  throw new StackValidationFailed({
    what:
      isPlan && data.hotloomPlan !== undefined
        ? `The plan has the form ${JSON.stringify(data.hotloomPlan)}, which this release does not know.`
        : 'It is not a saved plan.',
    why: "It has to be what 'hotloom preview --out' or 'hotloom update --dry-run --out' has written.",
    fix: 'Make the plan again with this release.',
  });
}

function refuseMissing({ hidden }: SavedPlan, given: JsonObject): void {
  const missing = Object.keys(hidden).filter((name) => !Object.hasOwn(given, name));
  if (missing.length === 0) return;
  throw new UserParameterMissing({
    what: `The Parameter (${missing[0]}) was not provided.`,
    why: `A plan does not hold the values of hidden parameters, and the store does not have those that this one was made with: ${listNames(missing)}.`,
    fix: 'Give the same values again.',
  });
}

function refuseOtherHidden({ hidden, id, plan }: SavedPlan, analysis: Analysis): void {
  const others = Object.keys(hiddenDigests(analysis, id, hidden));
  if (others.length === 0) return;
  throw planStale(
    plan.stack,
    others.map((name) => `the parameter '${name}' is given another value than it was planned with`),
  );
}

/** Of the hidden parameters with other values than their defaults and those that are `known`. */
function hiddenDigests(
  { template, parameters }: Analysis,
  salt: string,
  known: { readonly [parameter: string]: string } = {},
): { readonly [parameter: string]: string } {
  const digests: Record<string, string> = {};
  for (const { name, hidden, default: byDefault } of template.parameters.values()) {
    const value = parameters.get(name);
    if (!hidden || value === undefined || (byDefault !== undefined && sameJson(byDefault, value))) continue;
    const digest = digestOf(value, salt);
    if (!Object.hasOwn(known, name) || known[name] !== digest) digests[name] = digest;
  }
  return digests;
}

async function refuseChanged(services: StackServices, record: StackRecord, basis: Fingerprint): Promise<void> {
  const changed = changedSince(basis, fingerprintOf(record, await presentResources(services, record.id)));
  if (changed.length > 0) throw planStale(record.name, changed);
}

function refuseOtherObserved(stack: string, planned: Fingerprint['resources'], now: Fingerprint['resources']): void {
  const names = [...new Set([...Object.keys(planned), ...Object.keys(now)])];
  const others = names.filter((name) => planned[name]?.digest !== now[name]?.digest);
  if (others.length === 0) return;
  throw planStale(
    stack,
    others.map((name) => `what '${name}' really is`),
  );
}

/** The same template may mean something else now: by the handlers of another release, say. */
function refuseOther({ plan }: SavedPlan, now: Plan): void {
  const planned = stepsByKey(plan);
  const found = stepsByKey(now);
  const text = (step: PlanStep | undefined): string | undefined => step && textOf(step);
  const others = [...new Set([...planned.keys(), ...found.keys()])].filter(
    (key) => text(planned.get(key)) !== text(found.get(key)),
  );
  if (others.length === 0) return;
  const words = others.map((key) => {
    const [was, is] = [planned, found].map((steps) => steps.get(key)?.action ?? 'nothing');
    const name = key.slice(key.indexOf(' ') + 1);
    return was === is ? `another ${is} of '${name}' would be done` : `to '${name}' ${is} would be done, not ${was}`;
  });
  throw planStale(plan.stack, words);
}

function stepsByKey({ steps }: Plan): ReadonlyMap<string, PlanStep> {
  return new Map(steps.map((step) => [stepKey(step), step]));
}

/** A resource that is replaced by one of another type has two steps. */
function stepKey({ resource, action }: PlanStep): string {
  return `${action === 'delete' ? 'delete' : 'make'} ${resource}`;
}

function textOf({ action, movedFrom, changes, mayReplace, restricted }: PlanStep): string {
  return JSON.stringify([action, movedFrom, changes, mayReplace, restricted]);
}

/** What a handler may ask for in the run has to be in the plan too. */
function refusalOf(plan: Plan): Refusal {
  const steps = stepsByKey(plan);
  return ({ name }, verdict) => {
    const step = steps.get(`make ${name}`);
    const isTold =
      verdict === 'replace' ? step?.action === 'replace' || step?.mayReplace === true : step?.action !== 'unchanged';
    return isTold
      ? undefined
      : planStale(plan.stack, [`'${name}' would have to be ${verdict}d, which the plan does not tell`]);
  };
}

const TOLD_AT_MOST = 5;

function planStale(stack: string, changed: readonly string[]): PlanStale {
  const more = changed.length > TOLD_AT_MOST ? `; and ${changed.length - TOLD_AT_MOST} more` : '';
  return new PlanStale({
    what: `The plan for stack ${stack} does not hold any more.`,
    why: `Since it was made, this has changed: ${changed.slice(0, TOLD_AT_MOST).join('; ')}${more}.`,
    fix: 'Make the plan again, look at it, and apply that one.',
  });
}
