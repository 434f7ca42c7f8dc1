import { isHotloomError, mapErrorTexts, messageOf, ResourceFailure } from '../errors.ts';
import type { SourceLocation } from '../source.ts';

/** The failure of a resource, in Heat's form: the class of the error, the resource, the text. `cause` is the error, redacted. */
export function resourceFailure(
  name: string,
  error: unknown,
  redact: (text: string) => string,
  where?: SourceLocation,
): ResourceFailure {
  const cause = mapErrorTexts(error, redact);
  return new ResourceFailure({ what: `${classOf(cause)}: resources.${name}: ${messageOf(cause)}`, where, cause });
}

/** `WriterFailed`, `TypeError`, ... */
function classOf(error: unknown): string {
  if (isHotloomError(error)) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
