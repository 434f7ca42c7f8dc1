import type { Engine } from '../../engine.ts';
import { InvalidBreakPointHook, UsageError } from '../../errors.ts';
import { HOOK_TYPES, type HookType } from '../../template/hook-types.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';

/** `--pre-create` and the like, by commander's names. */
export interface HookClearOptions extends StoreOptions {
  readonly preCreate?: boolean;
  readonly postCreate?: boolean;
  readonly preUpdate?: boolean;
  readonly postUpdate?: boolean;
  readonly preDelete?: boolean;
  readonly postDelete?: boolean;
}

/** Clears the hooks at which resources wait: those named, by `*` and `?` in any part of a name several at once. */
export async function hookClear(
  io: Io,
  stack: string,
  patterns: readonly string[],
  options: HookClearOptions,
): Promise<ExitCode> {
  const hook = hookOf(options);
  return withExistingStore(io, options, async (engine) => {
    const { space } = options;
    const cleared = await chosen(engine, stack, space, patterns, hook);
    for (const each of cleared) {
      await engine.signal({ stack, space, resource: each.resource, data: { unset_hook: each.hook } });
      if (options.json !== true) io.out.write(`${oneLine(each.resource)}: Hook ${each.hook} is cleared\n`);
    }
    if (options.json === true) printJson(io, cleared);
    return EXIT.ok;
  });
}

/** Undefined: whichever the resource waits at. Throws UsageError. */
function hookOf(options: HookClearOptions): HookType | undefined {
  const given = HOOK_TYPES.filter((hook) => {
    const key = hook.replace(/-(.)/, (_, letter: string) => letter.toUpperCase()) as keyof HookClearOptions;
    return options[key] === true;
  });
  if (given.length <= 1) return given[0];
  throw new UsageError({
    what: `Several hooks are given: ${given.map((hook) => `--${hook}`).join(', ')}.`,
    why: 'One kind of hook is cleared at a time.',
    fix: 'Leave all of them out to clear whichever a resource waits at.',
  });
}

interface Chosen {
  readonly resource: string;
  readonly hook: HookType;
}

/** Throws InvalidBreakPointHook for a name by which nothing waits. */
async function chosen(
  engine: Engine,
  stack: string,
  space: string,
  patterns: readonly string[],
  hook: HookType | undefined,
): Promise<readonly Chosen[]> {
  const pending = (await engine.pendingHooks(stack, space)).filter((each) => hook === undefined || each.hook === hook);
  const found = new Set<Chosen>();
  for (const pattern of patterns) {
    const matches = pending.filter(({ resource }) => isMatch(resource, pattern));
    for (const { resource, hook: at } of matches) {
      if (![...found].some((each) => each.resource === resource && each.hook === at)) found.add({ resource, hook: at });
    }
    if (matches.length === 0) throw nothingWaits(stack, pattern, hook);
  }
  return [...found];
}

/** As Heat's client: a `*` does not reach into what a resource is made of. */
function isMatch(resource: string, pattern: string): boolean {
  const parts = resource.split('/');
  const patterns = pattern.split('/').filter((part) => part !== '');
  return parts.length === patterns.length && patterns.every((each, index) => isLike(parts[index] as string, each));
}

function isLike(name: string, pattern: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'su').test(name);
}

function nothingWaits(stack: string, pattern: string, hook: HookType | undefined): InvalidBreakPointHook {
  return new InvalidBreakPointHook({
    what: `Nothing of stack ${stack} waits at ${hook === undefined ? 'a hook' : `the hook ${hook}`} by the name '${pattern}'.`,
    why: 'A hook is cleared while the resource waits at it.',
    fix: `See what waits by 'hotloom hook-poll ${stack}'.`,
  });
}
