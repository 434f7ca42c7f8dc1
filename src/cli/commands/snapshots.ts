import type { Engine } from '../../engine.ts';
import type { SnapshotDescription } from '../../stack/snapshot.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { type StoreOptions, withExistingStore } from '../open-engine.ts';
import { printTime } from '../plain-lines.ts';
import { type Span, toneOfState } from '../styled-text.ts';
import { printPairs, printTable } from '../table.ts';

/** Lists the snapshots of a stack, or shows one of them with what it holds. */
export async function snapshots(
  io: Io,
  stack: string,
  snapshot: string | undefined,
  options: StoreOptions,
): Promise<ExitCode> {
  return withExistingStore(io, options, async (engine) => {
    if (snapshot === undefined) return list(io, engine, stack, options);
    const shown = await engine.showSnapshot({ stack, space: options.space, snapshot });
    if (options.json === true) printJson(io, shown);
    else io.out.write(printSnapshot(io, shown));
    return EXIT.ok;
  });
}

async function list(io: Io, engine: Engine, stack: string, { space, json }: StoreOptions): Promise<ExitCode> {
  const all = await engine.snapshots(stack, space);
  if (json === true) printJson(io, all);
  else if (all.length === 0) io.out.write(`Stack ${oneLine(stack)} has no snapshots\n`);
  else {
    const rows = all.map(({ id, name, state, reason, createdAt }): readonly Span[] => [
      [oneLine(name ?? '-'), 'strong'],
      [state, toneOfState(state)],
      [oneLine(reason)],
      [printTime(createdAt)],
      [id, 'dim'],
    ]);
    io.out.write(printTable(io.out, ['NAME', 'STATE', 'REASON', 'CREATED', 'ID'], rows));
  }
  return EXIT.ok;
}

function printSnapshot(io: Io, snapshot: SnapshotDescription): string {
  const { id, name, state, reason, createdAt, stackState, tags, resources } = snapshot;
  const pairs = printPairs(io.out, [
    ['name', [oneLine(name ?? '-'), 'strong']],
    ['id', [id]],
    ['state', [state, toneOfState(state)]],
    ['reason', [oneLine(reason)]],
    ['created', [printTime(createdAt)]],
    ['stack was', [stackState]],
    ...(tags.length > 0 ? [['tags', [oneLine(tags.join(', '))]] as const] : []),
  ]);
  if (resources.length === 0) return pairs;
  const rows = resources.map((resource): readonly Span[] => [
    [oneLine(resource.name)],
    [oneLine(resource.type), 'dim'],
    [['properties', ...Object.keys(resource.data ?? {})].map(oneLine).join(', ')],
  ]);
  const table = printTable(io.out, ['NAME', 'TYPE', 'KEPT'], rows).replace(/^(?=.)/gm, '  ');
  return `${pairs}\n${io.out.colors.bold('Resources')}\n${table}`;
}
