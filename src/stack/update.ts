import {
  ActionCancelled,
  ImmutableParameterModified,
  NotSupported,
  TemplateInvalid,
  UnknownUserParameter,
  UsageError,
} from '../errors.ts';
import type { Action } from '../events.ts';
import type { PresentResource } from '../plan/comparison.ts';
import {
  type MovedResources,
  moveResources,
  movesToKeep,
  namesThen,
  type PlacedMove,
  renamed,
  statedMoves,
  unknownMove,
  wrongMoves,
} from '../plan/moves.ts';
import type { Plan } from '../plan/plan.ts';
import { planUpdate } from '../plan/plan-update.ts';
import type { Claim, ResourceRecord, ResourceSnapshot, StackRecord, StoreChange } from '../store/stack-store.ts';
import type { Move } from '../template/moved.ts';
import { type JsonObject, sameJson } from '../values.ts';
import { listNames, suggest } from '../wording.ts';
import { type Analysis, analyse, type TemplateInput } from './analyse.ts';
import { beginningOf, findBeginning, outdatedRecords, recordsToRestore } from './beginning.ts';
import { underClaim } from './claimed-stack.ts';
import { isAsleep, type StackDescription } from './describe.ts';
import { findStack } from './find-stack.ts';
import { observedRecords } from './observe.ts';
import { Operation, type OperationLimits } from './operation.ts';
import { presentResources, touched, withRecords } from './present.ts';
import { plannedHooks, restrictionsOf } from './restrictions.ts';
import { rollbackOf, rollbackTarget, withNamesBefore } from './rollback.ts';
import { insteadOfOwnAction, type RunningAction, type StackServices } from './services.ts';
import { requireKey } from './stored-secrets.ts';
import { supersedingOthers } from './supersede-others.ts';
import { checkTags } from './tags.ts';

export interface UpdateOptions extends Omit<TemplateInput, 'template'> {
  /** As of create; may be left out with `existing`. */
  readonly template?: TemplateInput['template'];
  /**
   * Keeps what is not given: the template, its files, the environment and the parameters; but for hidden parameters without a
   * default, which are not stored. Default false, as under Heat.
   */
  readonly existing?: boolean;
  /** With `existing`, the parameters that go back to their defaults. UnknownUserParameter for one that the stack has not. */
  readonly clearParameters?: readonly string[];
  /** Milliseconds until what has not ended is stopped; default 3,600,000. */
  readonly timeoutMs?: number;
  /** Goes back to what the stack was when it was last complete, when the update fails. Default false, as under Heat. */
  readonly rollback?: boolean;
  /** As of create. Default: none; with `existing` those that the stack has. */
  readonly tags?: readonly string[];
  /**
   * Resources that have had other names before, which keep what they are: for templates of Heat's versions, that have no
   * section `moved`. They move at once, so two may change places. One that is not there any more under `from` has moved
   * already; so has one whose name another has taken, when the update before was given the same moves.
   */
  readonly moves?: readonly Move[];
  /**
   * Asks handlers first what the real things are, and compares with that: what has drifted is brought back, in place where
   * that can be. Heat's converge. Default false.
   */
  readonly converge?: boolean;
  /**
   * Also ends the create or the update that another process of this user is at work with, and goes on from what that has done.
   * Default false: only what this engine is at work with is superseded.
   */
  readonly supersede?: boolean;
  /** Cancels the update. What is done by then stays recorded; another update goes on from there. */
  readonly signal?: AbortSignal;
}

/**
 * Brings a stack to another template, other parameters or another environment. Resolves with the complete stack.
 *
 * Each resource whose properties come out different is updated in place, where all that differs allows it, or else replaced:
 * the new one is made first, and the old one deleted at the end. One whose properties come out equal is not touched. A create
 * or an update that this engine is at work with is superseded, one of another process with `supersede`.
 *
 * Throws what create throws for a wrong template, EntityNotFound, ActionInProgress (another engine has the stack, or it is
 * being deleted), ImmutableParameterModified, UsageError for a move of which the stack has neither name, and StackFailed when a
 * resource fails; the stack is then UPDATE_FAILED, or ROLLBACK_COMPLETE with `rollback`.
 */
export async function updateStack(services: StackServices, options: UpdateOptions): Promise<StackDescription> {
  const { timeoutMs, signal, rollback, moves } = options;
  // A create that has been called before may still be about to store the stack.
  await services.running.begun(options.space ?? 'default', options.stack);
  // Whatever is wrong with what was given is told before anything is stopped.
  const { record, analysis } = await prepareUpdate(services, options);
  const tags = tagsOf(options);
  const converge = options.converge === true;
  const run = () =>
    superseding(services, record, () =>
      runUpdate(services, record, analysis, {
        timeoutMs,
        signal,
        rollback,
        tags,
        moves,
        converge,
        analyseAgain: (now) => analyseWithMoves(services, now, options),
      }),
    );
  return options.supersede === true ? supersedingOthers(services, record, run) : run();
}

/** The tags that an update gives the stack; undefined for those that it has. */
export function tagsOf({ tags, existing }: Pick<UpdateOptions, 'tags' | 'existing'>): readonly string[] | undefined {
  return tags ?? (existing === true ? undefined : []);
}

/** The stack with what the update makes of it. Throws what an update throws before it makes anything. */
export async function prepareUpdate(
  services: StackServices,
  options: UpdateOptions,
): Promise<{ readonly record: StackRecord; readonly analysis: Analysis }> {
  checkTags(options.tags);
  const record = await findStack(services, options.space ?? 'default', options.stack);
  await refuseState(services, record);
  const analysis = analyseWithMoves(services, record, options);
  await refuseUnknownMoves(services, record, options.moves);
  return { record, analysis };
}

function analyseWithMoves(services: StackServices, record: StackRecord, options: UpdateOptions): Analysis {
  requireKey(record);
  const analysis = analyseUpdate(services, record, options);
  refuseWrongMoves(analysis, options.moves);
  return analysis;
}

/**
 * Who gives a move means this stack, unlike a template, which keeps its moves for stacks of any age: a name that was mistyped
 * would have the resource deleted that it was to keep.
 */
async function refuseUnknownMoves(
  { store }: StackServices,
  { id, name: stack }: StackRecord,
  given: readonly Move[] = [],
): Promise<void> {
  if (given.length === 0) return;
  const unknown = unknownMove(await store.resources(id), given);
  if (unknown === undefined) return;
  throw new UsageError({
    what: `'${unknown.from}' is moved to '${unknown.to}', and stack '${stack}' has neither.`,
    why: 'What was to be kept would be deleted, and another made in its place.',
    fix: `See the names that it has by 'hotloom show ${stack}', or leave out the move.`,
  });
}

/** Throws TemplateInvalid for moves that make no sense whatever is there. */
export function refuseWrongMoves(analysis: Analysis, given: readonly Move[] = []): void {
  const wrong = wrongMoves(analysis.stack, movesOf(analysis, given));
  if (wrong.length > 0) throw new TemplateInvalid(wrong);
}

/** The moves of the template and those that are given besides. */
function movesOf({ stack }: Analysis, given: readonly Move[]): readonly PlacedMove[] {
  const stated = statedMoves(stack);
  const others = given.filter(({ from, to }) => !stated.some((move) => move.from === from && move.to === to));
  return [...stated, ...others.map((move) => ({ ...move, where: undefined }))];
}

/** How an update runs once it is known what the stack is to be. */
export interface UpdateRun extends Omit<OperationLimits, 'rollback' | 'rollsBack'> {
  readonly rollback: boolean | undefined;
  /** Resources that have had other names, besides those that the template tells of. */
  readonly moves?: readonly Move[] | undefined;
  /** Default: those that the stack has. */
  readonly tags?: readonly string[] | undefined;
  /** The id of the snapshot that the stack is brought back to: it is a restore then. Default: none. */
  readonly restoring?: string | undefined;
  /** Whether the real things are asked what they are. Default: false. */
  readonly converge?: boolean;
  /**
   * The analysis of an update that goes by what the stack is (what it keeps, and what is immutable), for a stack that somebody
   * else has changed since the first one. Default: it goes by nothing of that.
   */
  readonly analyseAgain?: (record: StackRecord) => Analysis;
  /** Looks at the stack once nobody else can change it; what it throws ends the update before it begins. */
  readonly check?: (record: StackRecord) => Promise<void>;
  /** The same for what the real things are, with `converge`. */
  readonly checkObserved?: (observed: readonly ResourceRecord[]) => Promise<void>;
}

/** Updates the stack, which nobody may be at work on. Throws ActionInProgress. */
export async function runUpdate(
  services: StackServices,
  before: StackRecord,
  analysis: Analysis,
  run: UpdateRun,
): Promise<StackDescription> {
  return underClaim(services, before, (claim) => updateClaimed(services, before, claim, analysis, run));
}

async function updateClaimed(
  services: StackServices,
  before: StackRecord,
  claim: Claim,
  analysedBefore: Analysis,
  run: UpdateRun,
): Promise<StackDescription> {
  const { record, analysis, moved, kept } = await findClaimed(services, before, analysedBefore, run);
  const { restoring } = run;
  const action = restoring === undefined ? 'UPDATE' : 'RESTORE';
  const operation = new Operation(services, limitsOf(services, record, run, analysis), analysis, record.id, action);
  return operation.goOn(claim, 'started', async (_journal, signal) => {
    const definition: StoreChange = {
      kind: 'definition',
      definition: operation.definition,
      previous: record.previous,
      declared: operation.declared,
      rollback: run.rollback === true,
      tags: run.tags,
      restoring,
      moved: movesToKeep(movesOf(analysis, run.moves ?? [])),
    };
    // Stored, so that a resume of the update knows those that it has not come to.
    const observed =
      run.converge === true
        ? await observedRecords(services, record, touched(moved.present), analysis.secrets, signal)
        : [];
    if (run.converge === true) await run.checkObserved?.(observed);
    const seen = withRecords(moved.present, observed);
    const marked = [...observed, ...outdatedRecords(analysis, seen), ...recordsToRestore(analysis, seen, kept ?? [])];
    const changes: StoreChange[] = [
      ...moved.changes,
      ...marked.map((each) => ({ kind: 'resource', record: each }) as const),
    ];
    const present = withRecords(moved.present, marked);
    const store = (change: StoreChange): void => void changes.push(change);
    const beginning = beginningOf(services, analysis, record.id, present, store, kept);
    return { ...beginning, changes: [...changes, definition] };
  });
}

/**
 * The stack as it is under the claim, with what a rollback goes back to: another engine may have changed or deleted it
 * meanwhile.
 */
async function findClaimed(
  services: StackServices,
  before: StackRecord,
  analysedBefore: Analysis,
  { analyseAgain, check, moves = [], restoring }: UpdateRun,
): Promise<{
  readonly record: StackRecord;
  readonly analysis: Analysis;
  readonly moved: MovedResources;
  /** What a restore brings back. */
  readonly kept: readonly ResourceSnapshot[] | undefined;
}> {
  const record = await findStack(services, before.space, before.name);
  await refuseState(services, record);
  await check?.(record);
  const analysis =
    analyseAgain === undefined || isSameDefinition(record, before) ? analysedBefore : analyseAgain(record);
  const all = await presentResources(services, record.id);
  const kept = restoring === undefined ? undefined : await services.store.resourceSnapshots(restoring);
  // What the template of then tells of moves was done before the snapshot.
  const moved = kept === undefined ? movedResources(analysis, record, all, moves) : renamed(all, namesThen(all, kept));
  const previous = withNamesBefore(await rollbackTarget(services, record), moved.namesBefore);
  return { record: { ...record, previous }, analysis, moved, kept };
}

function isSameDefinition(a: StackRecord, b: StackRecord): boolean {
  const { template, files, parameters, environment, hidden = {} } = a;
  const isSame = sameJson(template, b.template) && sameJson(parameters, b.parameters);
  return isSame && sameJson(files, b.files) && sameJson(environment, b.environment) && sameJson(hidden, b.hidden ?? {});
}

/** The stack's resources under the names that an update gives them. */
function movedResources(
  analysis: Analysis,
  { moved = [] }: StackRecord,
  all: ReadonlyMap<string, PresentResource>,
  given: readonly Move[] = [],
): MovedResources {
  return moveResources(analysis.stack, all, movesOf(analysis, given), moved);
}

/** What an update would do, as data. Throws what it would throw before it makes anything, but for ActionInProgress. */
export async function previewUpdate(services: StackServices, options: UpdateOptions): Promise<Plan> {
  const { record, analysis } = await prepareUpdate(services, options);
  const all = await presentResources(services, record.id);
  return (await planOf(services, record, analysis, all, options)).plan;
}

/** How the plan of an update is made. */
export interface PlanChoice extends Pick<UpdateOptions, 'moves' | 'converge' | 'signal'> {
  /** What was observed before; else, with `converge`, the real things are asked. */
  readonly observed?: readonly ResourceRecord[];
}

/**
 * What an update to `analysis` would do, and what of the real things is not as it was made, by the names that resources get;
 * `all` are the stack's resources with their values, by name in the store.
 */
export async function planOf(
  services: StackServices,
  record: StackRecord,
  analysis: Analysis,
  all: ReadonlyMap<string, PresentResource>,
  { moves, converge, signal = services.closing, observed: known }: PlanChoice,
): Promise<{ readonly plan: Plan; readonly observed: readonly ResourceRecord[] }> {
  const { present: moved, namesBefore } = movedResources(analysis, record, all, moves);
  const isAsked = known === undefined && converge === true;
  const observed = isAsked
    ? await observedRecords(services, record, touched(moved), analysis.secrets, signal)
    : (known ?? []);
  const present = withRecords(moved, observed);
  const found = withRecords(present, outdatedRecords(analysis, present));
  const { changes, unknown } = findBeginning(analysis, record.id, found);
  const plan = planUpdate({
    stack: analysis.stack,
    graph: analysis.graph,
    changes,
    present: touched(found),
    namesBefore,
    stuck: new Map([...unknown].map(([resource, { what }]) => [resource, what])),
    outputs: record.outputs,
    restricted: restrictionsOf(analysis),
    hooks: plannedHooks('UPDATE', analysis),
    readers: await services.store.readersOf(record.space, record.name),
    mask: analysis.redact,
  });
  return { plan, observed };
}

/** Goes on with an update, a restore, the rollback of one, or an adopt, in which an engine was stopped. */
export function resumeUpdate(
  services: StackServices,
  record: StackRecord,
  claim: Claim,
  analysis: Analysis,
  { timeoutMs, signal }: Pick<UpdateOptions, 'timeoutMs' | 'signal'>,
): Promise<StackDescription> {
  const isRollback = record.action === 'ROLLBACK';
  const limits = isRollback
    ? { timeoutMs, signal }
    : limitsOf(services, record, { timeoutMs, signal, rollback: record.rollback }, analysis);
  const action = record.action === 'ADOPT' || record.action === 'RESTORE' || isRollback ? record.action : 'UPDATE';
  const restoring = action === 'RESTORE' ? record.restoring : undefined;
  const operation = new Operation(services, limits, analysis, record.id, action);
  return operation.goOn(claim, 'resumed', async (journal) => ({
    ...beginningOf(
      services,
      analysis,
      record.id,
      await presentResources(services, record.id),
      (change) => void journal.record(change),
      restoring === undefined ? undefined : await services.store.resourceSnapshots(restoring),
    ),
    hooks: record.hooks,
  }));
}

/** The template and all that belongs to it, from what is given and what is stored. */
function analyseUpdate(services: StackServices, record: StackRecord, options: UpdateOptions): Analysis {
  const { existing = false, clearParameters = [], template, parameters, environments = [], files, ...input } = options;
  const kept: JsonObject = existing
    ? Object.fromEntries(
        Object.entries({ ...record.parameters, ...record.hidden }).filter(([name]) => !clearParameters.includes(name)),
      )
    : {};
  const isKept = existing && template === undefined;
  const analysis = analyse(
    services,
    {
      ...input,
      template: (isKept ? record.template : template) as TemplateInput['template'],
      files: isKept ? { ...record.files, ...files } : (files ?? {}),
      ...(parameters === undefined ? {} : { parameters }),
      environments: existing ? [record.environment, ...environments] : environments,
      ...(existing && input.environmentFiles !== undefined
        ? { environmentFiles: ['the stored environment', ...input.environmentFiles] }
        : {}),
    },
    { stackId: record.id, kept },
  );
  refuseUnknownCleared(record, analysis, clearParameters);
  refuseImmutable(record, analysis);
  return analysis;
}

/** Heat passes over such a name, and keeps the value that was to be cleared. */
function refuseUnknownCleared(
  { template: stored }: StackRecord,
  { template }: Analysis,
  cleared: readonly string[],
): void {
  const before = (stored.parameters ?? stored.Parameters ?? {}) as JsonObject;
  const names = [...new Set([...template.parameters.keys(), ...Object.keys(before)])];
  const unknown = cleared.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new UnknownUserParameter({
    what: `The Parameter (${unknown}) was not defined in template.`,
    why: 'It is to be cleared, and the stack has no such parameter.',
    fix: `${suggest(unknown, names)}${names.length === 0 ? 'It has no parameters' : `It has ${listNames(names)}`}.`,
  });
}

function limitsOf(
  services: StackServices,
  record: StackRecord,
  { timeoutMs, signal, refusal, rollback }: UpdateRun,
  current: Analysis,
): OperationLimits {
  return {
    timeoutMs,
    signal,
    refusal,
    rollback: rollbackOf(services, record, current, timeoutMs),
    rollsBack: rollback === true,
  };
}

/** The actions that leave suspended what is so. */
const MAY_BE_ASLEEP: ReadonlySet<Action> = new Set(['SUSPEND', 'CHECK', 'SNAPSHOT', 'ADOPT']);

export async function refuseState(
  { store }: StackServices,
  { id, name, action, status }: StackRecord,
  word: 'Updating' | 'Restoring' = 'Updating',
): Promise<void> {
  // A resume that failed gives way to an update, as under Heat; so does a suspend that has failed before anything slept.
  const isSuspended = action === 'SUSPEND' && status !== 'FAILED';
  const resources = MAY_BE_ASLEEP.has(action) ? await store.resources(id) : [];
  if (action === 'ADOPT' && status === 'FAILED' && resources.length === 0) {
    throw new NotSupported({
      what: `${word} a stack whose adoption has not begun is not supported: ${name} is ${action}_${status}.`,
      why: 'Its engine was stopped before it had recorded what is there: all of that would be made once more.',
      fix: `Delete it ('hotloom delete ${name}'), which removes nothing, and adopt it again ('hotloom adopt ${name} --adopt-file FILE').`,
    });
  }
  if (isSuspended || resources.some(isAsleep)) {
    throw new NotSupported({
      what: `${word} a stack when it is suspended is not supported: ${name} is ${action}_${status}.`,
      why: 'What is suspended may not be there to be changed.',
      fix: `Resume it first: 'hotloom resume ${name}'.`,
    });
  }
  if (action !== 'DELETE') return;
  throw new NotSupported({
    what: `${word} a stack when it is deleting is not supported: ${name} is ${action}_${status}.`,
    why: 'A part of it may be gone already.',
    fix: 'Delete it to its end, and create it again.',
  });
}

function refuseImmutable({ parameters: visible, hidden, name }: StackRecord, analysis: Analysis): void {
  const parameters = { ...visible, ...hidden };
  const modified = [...analysis.template.parameters.values()].filter((parameter) => {
    const before = parameters[parameter.name];
    const after = analysis.parameters.get(parameter.name);
    return parameter.immutable && before !== undefined && after !== undefined && !sameJson(before, after);
  });
  const [first] = modified;
  if (first === undefined) return;
  throw new ImmutableParameterModified({
    what: `The following parameters are immutable and may not be updated: ${modified.map((parameter) => parameter.name).join(', ')}`,
    where: analysis.template.source.locate(['parameters', first.name]),
    why: `The template says so, and stack '${name}' was made with another value.`,
    fix: 'Give the value that the stack has, or create another stack.',
  });
}

/**
 * Ends what this engine is at work with, and begins `act`. What it has done stands, and what was in the middle is found by its
 * record.
 */
export function superseding<T>(services: StackServices, record: StackRecord, act: () => Promise<T>): Promise<T> {
  const reason = ({ action }: RunningAction): Error =>
    new ActionCancelled({
      what: `Stack ${action} was superseded by an update.`,
      why: 'An update of a stack ends what is at work on it, and goes on from there.',
    });
  return insteadOfOwnAction(services, record, { reason, onFailure: () => 'stay' }, act);
}
