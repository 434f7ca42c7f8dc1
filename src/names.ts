import { InvalidName } from './errors.ts';

/**
 * The fully qualified name of a value: space, stack, resource, attribute. A nested stack's segment is its parent's
 * segment, a slash and the name of the resource that made it (`app/group/0`); a slash is not allowed in Heat's names,
 * so the tuple always has four segments.
 */
export type Name = readonly [space: string, stack: string, resource: string, attribute: string];

/** A name as a tuple, or in its printed form, completed by parseName. */
export type NameInput = Name | string;

/** The space used where none is named. */
export const DEFAULT_SPACE = 'default';

/** The attributes of each resource of a stack: the names that only this stack writes. A Map is one. */
export interface DeclaredNames {
  /** Undefined for a resource that the stack does not have. */
  get(resource: string): readonly string[] | undefined;
  /** The resources. */
  keys(): Iterable<string>;
  /** Their numbers, for who knows the number of a resource: a name is looked for in tables as large as the stack. */
  readonly numbering?: Numbering;
}

/** The resources of a stack by numbers from 0. */
export interface Numbering {
  readonly size: number;
  numberOf(resource: string): number | undefined;
  attributesAt(number: number): readonly string[] | undefined;
}

/** `default.app.web.address`. A `.` or `\` inside a segment is escaped by `\`, because Heat allows `.` in stack names. */
export function printName(name: readonly string[]): string {
  let text = '';
  for (let i = 0; i < name.length; i += 1) {
    const segment = name[i] as string;
    if (i > 0) text += '.';
    text += isPlain(segment) ? segment : segment.replace(/[\\.]/g, '\\$&');
  }
  return text;
}

/**
 * Reads the printed form. A short name is completed from `base`: `web.address` means the base's own stack, and
 * `app.web.address` the base's space. Throws InvalidName when there are too few or too many segments, one is empty, or
 * a `\` escapes anything else than `.` and `\`.
 */
export function parseName(text: string, base: { readonly space?: string; readonly stack?: string } = {}): Name {
  const segments = splitSegments(text);
  if (segments === undefined || segments.includes('')) throw invalidName(text);
  const completed =
    segments.length === 4
      ? segments
      : segments.length === 3
        ? [base.space ?? DEFAULT_SPACE, ...segments]
        : segments.length === 2 && base.stack !== undefined
          ? [base.space ?? DEFAULT_SPACE, base.stack, ...segments]
          : undefined;
  if (completed === undefined) throw invalidName(text);
  return completed as unknown as Name;
}

/** One string per name, equal exactly when the names are equal. For maps; not for people. */
export function nameKey(name: readonly string[]): string {
  // Two segments are at least two strings with a NUL between them, which a JSON text never has.
  return name.some((segment) => segment.includes('\u0000')) ? JSON.stringify(name) : name.join('\u0000');
}

/** Nearly every segment is, and need not be copied. */
function isPlain(segment: string): boolean {
  return !segment.includes('.') && !segment.includes('\\');
}

function splitSegments(text: string): string[] | undefined {
  const segments = [''];
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] as string;
    if (char === '.') segments.push('');
    else if (char !== '\\') segments[segments.length - 1] += char;
    else {
      i += 1;
      const escaped = text[i];
      if (escaped !== '.' && escaped !== '\\') return undefined;
      segments[segments.length - 1] += escaped;
    }
  }
  return segments;
}

function invalidName(text: string): InvalidName {
  return new InvalidName({
    what: `'${text}' is not the name of a value.`,
    why: 'A full name has four segments that are not empty: space.stack.resource.attribute.',
    fix: "Write for example 'default.app.web.address'; a '.' inside a segment is written '\\.'.",
  });
}
