import type { Path } from '../source.ts';
import { isJsonObject, type Json } from '../values.ts';
import { listNames } from '../wording.ts';
import type { Problems } from './problems.ts';

/** A resource that had another name before: its real thing stays, and so do its values. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** A move that the section `moved` of a template states. */
export interface StatedMove extends Move {
  readonly path: Path;
}

/** The section `moved` of hotloom-1: a list of `{from: NAME, to: NAME}`. */
export function parseMoved(data: Json | undefined, problems: Problems): readonly StatedMove[] {
  if (data === undefined || data === null) return NONE;
  const wrong = (path: Path, what: string): void =>
    problems.add({
      path,
      what,
      why: "The section 'moved' tells which resources had other names before, so that an update keeps what they are.",
      fix: 'Write for example: moved: [{from: old_name, to: new_name}].',
    });
  if (!Array.isArray(data)) {
    wrong(['moved'], "The section 'moved' is not a list.");
    return NONE;
  }
  return data.flatMap((entry: Json, index): readonly StatedMove[] => {
    const path = ['moved', index];
    if (!isJsonObject(entry) || typeof entry.from !== 'string' || typeof entry.to !== 'string') {
      wrong(path, "An entry of 'moved' has a text 'from' and a text 'to'.");
      return [];
    }
    const others = Object.keys(entry).filter((key) => key !== 'from' && key !== 'to');
    if (others.length > 0) wrong([...path, others[0] as string], `An entry of 'moved' has no ${listNames(others)}.`);
    return [{ from: entry.from, to: entry.to, path }];
  });
}

const NONE: readonly StatedMove[] = Object.freeze([]);
