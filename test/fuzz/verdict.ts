import type { FuzzInput } from './cases.ts';

/** The part of an engine that is under test. */
export interface FuzzedEngine {
  inspect(input: FuzzInput): unknown;
}

interface KnownError {
  readonly code: string;
  readonly message: string;
  readonly problems?: readonly KnownError[];
  toJSON(): unknown;
}

/** Messages of JavaScript itself, which no reader of a template should ever see. */
const FOREIGN_MESSAGE =
  /^(?:Cannot (?:read|set|convert|assign|destructure|access)|Maximum call stack|Invalid (?:string|array) length|Invalid regular|.* is not (?:a function|iterable|defined|a constructor)|A value is read before|Reduce of empty|undefined$)/;

/**
 * What is wrong with the engine's answer; undefined when it is an analysis or an error of the library, and nothing outside
 * the engine has changed.
 */
export function faultOf(
  engine: FuzzedEngine,
  isHotloomError: (error: unknown) => boolean,
  input: FuzzInput,
): string | undefined {
  const before = prototypes();
  const fault = faultOfAnswer(engine, isHotloomError, input);
  if (prototypes() !== before) return 'A prototype of JavaScript has changed.';
  return fault;
}

function faultOfAnswer(
  engine: FuzzedEngine,
  isHotloomError: (error: unknown) => boolean,
  input: FuzzInput,
): string | undefined {
  try {
    const foreign = foreignMessage(engine.inspect(input));
    return foreign === undefined ? undefined : `A value could not be resolved: ${foreign}`;
  } catch (error) {
    if (!isHotloomError(error)) return `Not an error of the library: ${printThrown(error)}`;
    JSON.stringify((error as KnownError).toJSON());
    return faultOfError(error as KnownError);
  }
}

function faultOfError(error: KnownError): string | undefined {
  if (error.code === 'InternalError') return `InternalError: ${printThrown(error)}`;
  if (FOREIGN_MESSAGE.test(error.message)) return `A message of JavaScript: ${error.message}`;
  for (const problem of error.problems ?? []) {
    const fault = faultOfError(problem);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The inspection puts `{__error__: message}` where a value could not be resolved. */
function foreignMessage(inspection: unknown): string | undefined {
  const open: unknown[] = [inspection];
  const seen = new Set<unknown>();
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null || seen.has(node)) continue;
    seen.add(node);
    const message = Object.hasOwn(node, '__error__') ? (node as { __error__: unknown }).__error__ : undefined;
    if (typeof message === 'string' && FOREIGN_MESSAGE.test(message)) return message;
    for (const item of Object.values(node)) if (typeof item === 'object') open.push(item);
  }
  return undefined;
}

function printThrown(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function prototypes(): string {
  return [Object, Array, String, Number, Function, Map, Error]
    .map((owner) => Reflect.ownKeys(owner.prototype).map(String).join())
    .join('\n');
}
