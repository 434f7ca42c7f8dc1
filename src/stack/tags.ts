import { UsageError } from '../errors.ts';

/** Words by which people find stacks among others. */
export interface TagFilter {
  /** Those that have all of these tags. */
  readonly tags?: readonly string[];
  /** Those that have one of these. */
  readonly tagsAny?: readonly string[];
  /** Those that have not all of these. */
  readonly notTags?: readonly string[];
  /** Those that have none of these. */
  readonly notTagsAny?: readonly string[];
}

/** Heat's rules (heat/engine/api.py, extract_args). Throws UsageError. */
export function checkTags(tags: readonly string[] | undefined): void {
  if (tags === undefined) return;
  if (!Array.isArray(tags)) throw invalidTags(`Invalid tags, not a list: ${String(tags)}`);
  for (const tag of tags) {
    if (typeof tag !== 'string') throw invalidTags(`Invalid tag, "${String(tag)}" is not a string`);
    if ([...tag].length > 80) throw invalidTags(`Invalid tag, "${tag}" is longer than 80 characters`);
    if (tag.includes(',')) throw invalidTags(`Invalid tag, "${tag}" contains a comma`);
  }
}

export function hasTags(
  { tags: present = [] }: { readonly tags?: readonly string[] | undefined },
  filter: TagFilter,
): boolean {
  const { tags, tagsAny, notTags, notTagsAny } = filter;
  const has = (tag: string): boolean => present.includes(tag);
  return (
    (tags === undefined || tags.every(has)) &&
    (tagsAny === undefined || tagsAny.some(has)) &&
    (notTags === undefined || !notTags.every(has)) &&
    (notTagsAny === undefined || !notTagsAny.some(has))
  );
}

function invalidTags(what: string): UsageError {
  return new UsageError({
    what,
    why: 'Lists of tags are written with commas between them.',
    fix: "Give a list of short words, such as ['prod', 'web'].",
  });
}
