import { UsageError } from '../../errors.ts';
import type { TagFilter } from '../../stack/tags.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type Io, oneLine, printJson } from '../io.ts';
import { hasStore, type StoreChoice, storeFile, withExistingStore } from '../open-engine.ts';
import { printTime } from '../plain-lines.ts';
import { type Span, toneOfState } from '../styled-text.ts';
import { printTable } from '../table.ts';

interface ListOptions extends StoreChoice {
  readonly json?: boolean;
  readonly space?: string;
  readonly tags?: readonly string[];
  readonly tagMode?: 'any' | 'not' | 'not-any';
}

/** Lists the stacks of a space, or of all spaces where none is named; with `--tags` only some of them. */
export async function list(io: Io, options: ListOptions): Promise<ExitCode> {
  const { space } = options;
  const filter = { ...(space === undefined ? {} : { space }), ...filterOf(options) };
  const stacks = await withExistingStore(io, options, (engine) => engine.list(filter));
  if (options.json === true) printJson(io, stacks);
  else if (stacks.length === 0) {
    const file = storeFile(io, options);
    const which = options.tags === undefined ? '' : ' with these tags';
    io.out.write(
      hasStore(io, options) ? `No stacks${which} in ${file}\n` : `No stacks: there is no store at ${file}\n`,
    );
  } else {
    const hasTags = stacks.some(({ tags }) => tags.length > 0);
    const hasSpaces = stacks.some(({ space }) => space !== 'default');
    io.out.write(
      printTable(
        io.out,
        [...(hasSpaces ? ['SPACE'] : []), 'NAME', 'STATE', 'CREATED', 'UPDATED', ...(hasTags ? ['TAGS'] : []), 'ID'],
        stacks.map(
          ({ space, name, state, isInterrupted, createdAt, updatedAt, tags, staleReads, id }): readonly Span[] => [
            ...(hasSpaces ? [[oneLine(space)] as const] : []),
            [oneLine(name), 'strong'],
            isInterrupted
              ? [`${state} (interrupted)`, 'bad']
              : staleReads.length > 0
                ? [`${state} (out of date)`, 'warn']
                : [state, toneOfState(state)],
            [printTime(createdAt)],
            [printTime(updatedAt)],
            ...(hasTags ? [[oneLine(tags.join(', '))] as const] : []),
            [id, 'dim'],
          ],
        ),
      ),
    );
  }
  return EXIT.ok;
}

function filterOf({ tags, tagMode }: Pick<ListOptions, 'tags' | 'tagMode'>): TagFilter {
  if (tags === undefined) {
    if (tagMode === undefined) return {};
    throw new UsageError({
      what: `--tag-mode ${tagMode} is given without tags.`,
      why: 'It says which stacks are meant by tags.',
      fix: `Name the tags, too: 'hotloom list --tags tag1,tag2 --tag-mode ${tagMode}'.`,
    });
  }
  if (tagMode === undefined) return { tags };
  return tagMode === 'any' ? { tagsAny: tags } : tagMode === 'not' ? { notTags: tags } : { notTagsAny: tags };
}
