import { UsageError } from '../../errors.ts';
import type { SavedPlan } from '../../stack/saved-plan.ts';
import type { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { type StoreChoice, type StoreOptions, withEngine, withExistingStore } from '../open-engine.ts';
import { parseParameters } from '../parameters.ts';
import { planProgress } from '../plan-progress.ts';
import { readTextFile } from '../read-text-file.ts';
import { reportStack } from '../report-stack.ts';
import { timeoutOf, watchAction } from '../watched-action.ts';

export interface ApplyCommandOptions extends StoreChoice {
  readonly parameter?: readonly string[];
  /** Minutes. */
  readonly timeout?: number;
  readonly json?: boolean;
}

/** Does what a saved plan tells, and shows how it goes. */
export async function apply(io: Io, file: string, options: ApplyCommandOptions): Promise<ExitCode> {
  const saved = parsePlan(await readTextFile(io, file, 'plan'), file);
  const { plan } = saved;
  const withStore = plan.action === 'CREATE' ? withEngine : withExistingStore;
  const stackOptions: StoreOptions = { ...options, space: plan.space };
  return withStore(io, options, async (engine) => {
    const progress = await planProgress(engine, plan);
    const outcome = await watchAction(io, engine, { progress, options: stackOptions }, (signal) =>
      engine.apply({
        plan: saved,
        parameters: parseParameters(options.parameter ?? []),
        signal,
        ...timeoutOf(options),
      }),
    );
    return reportStack(io, engine, plan.stack, stackOptions, outcome);
  });
}

/** What the engine looks at closely; here only what this command needs itself. */
function parsePlan(text: string, file: string): SavedPlan {
  let data: Partial<SavedPlan> | null;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw notAPlan(file, error);
  }
  const isPlan = typeof data?.plan?.stack === 'string' && Array.isArray(data.plan.steps);
  if (!isPlan || data?.hotloomPlan === undefined) throw notAPlan(file, undefined);
  return data as SavedPlan;
}

function notAPlan(file: string, cause: unknown): UsageError {
  return new UsageError({
    what: `'${file}' is not a saved plan.`,
    why: "A plan is the JSON that 'hotloom preview --out' or 'hotloom update --dry-run --out' writes.",
    fix: "Make one: 'hotloom update NAME -t FILE --dry-run --out plan.json'.",
    cause,
  });
}
