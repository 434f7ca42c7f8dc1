import { inspect } from 'node:util';
import { printLocation, type SourceLocation } from './source.ts';

/** What an error tells, in full sentences. The text of the error is made from these. */
export interface ErrorFields {
  /** What is wrong; Heat's own first line where Heat has the error. */
  readonly what: string;
  /** The place in the template that has to be looked at. */
  readonly where?: SourceLocation | undefined;
  /** Why it is wrong. */
  readonly why?: string | undefined;
  /** What to do about it. */
  readonly fix?: string | undefined;
  /** The failure that caused this one. */
  readonly cause?: unknown;
}

const BRAND = Symbol.for('hotloom.error');

/** The base of every error that a caller may see. Match on `code`, by isHotloomError. */
export abstract class HotloomError extends Error {
  /** Stable across releases; the name of the class, which is Heat's where Heat has the error. */
  abstract readonly code: string;
  readonly what: string;
  readonly where: SourceLocation | undefined;
  readonly why: string | undefined;
  readonly fix: string | undefined;

  constructor(fields: ErrorFields) {
    super(printFields(fields), fields.cause === undefined ? undefined : { cause: fields.cause });
    this.what = fields.what;
    this.where = fields.where;
    this.why = fields.why;
    this.fix = fields.fix;
    Object.defineProperty(this, BRAND, { value: true });
  }

  override get name(): string {
    return this.code;
  }

  /** The fields as plain data, causes included, for `--json` and logs. */
  toJSON(): Record<string, unknown> {
    const cause =
      this.cause === undefined ? undefined : isHotloomError(this.cause) ? this.cause.toJSON() : String(this.cause);
    return { code: this.code, what: this.what, where: this.where, why: this.why, fix: this.fix, cause };
  }
}

/** True for an error of this library (with that `code`), also one made by another copy of the package. */
export function isHotloomError(error: unknown, code?: string): error is HotloomError {
  return (
    typeof error === 'object' &&
    error !== null &&
    BRAND in error &&
    (code === undefined || (error as { code?: unknown }).code === code)
  );
}

/** The error that started the chain of causes which ends in `error`. */
export function rootCause(error: unknown): unknown {
  const { chain, end, isCircle } = causesOf(error);
  const last = chain.at(-1);
  if (isCircle) return last?.cause;
  return end === undefined ? last : end;
}

/** An error with its causes. */
interface Causes {
  /** The errors, each once, the outermost first. */
  readonly chain: readonly Error[];
  /** What the last of them was caused by, if that is no error; the thrown thing itself where there is no error at all. */
  readonly end: unknown;
  /** The last was caused by one that is there already. */
  readonly isCircle: boolean;
}

/** A failure that goes through many resources is as deep as these are many, and each of them looks at it: a loop over a list. */
function causesOf(error: unknown): Causes {
  const chain: Error[] = [];
  let next = error;
  // The place to which a circle comes back (Brent): one that is met again begins it.
  let [mark, markAt] = [undefined as unknown, 1];
  while (next instanceof Error) {
    if (next === mark) return { chain: [...new Set(chain)], end: undefined, isCircle: true };
    chain.push(next);
    if (chain.length === markAt) [mark, markAt] = [next, markAt * 2];
    next = next.cause;
  }
  return { chain, end: next, isCircle: false };
}

/**
 * A copy of the error whose chain of causes goes on with `cause`. The error itself stays as it is: it may be somebody
 * else's, used again, or frozen.
 */
export function withRootCause(error: unknown, cause: unknown, within: readonly unknown[] = []): unknown {
  if (!(error instanceof Error)) return new Error(messageOf(error), { cause });
  const isRoot = error.cause === undefined || error.cause === error || within.includes(error.cause);
  const next = isRoot ? cause : withRootCause(error.cause, cause, [...within, error]);
  return Object.create(Object.getPrototypeOf(error), {
    ...Object.getOwnPropertyDescriptors(error),
    cause: { value: next, enumerable: false, configurable: true, writable: true },
  });
}

/** The first line of any thrown thing. */
export function messageOf(error: unknown): string {
  if (isHotloomError(error)) return error.what;
  return error instanceof Error ? error.message : String(error);
}

/**
 * The same error with `map` applied to every text of it and of its causes: how secrets are masked. Itself when no text
 * changes. The copy of an error of ours is of its class; of another error an Error with its name, and without the fields
 * that somebody has added (the command line of a process that has failed, say).
 */
export function mapErrorTexts(error: unknown, map: (text: string) => string): unknown {
  const { chain, end } = causesOf(error);
  let mapped = mappedThrown(end, map);
  for (let index = chain.length - 1; index >= 0; index -= 1) mapped = mappedError(chain[index] as Error, mapped, map);
  return mapped;
}

/** What was thrown and is no error. */
function mappedThrown(thrown: unknown, map: (text: string) => string): unknown {
  if (typeof thrown === 'string') return map(thrown);
  return typeof thrown === 'object' && thrown !== null ? maskedObject(thrown, map) : thrown;
}

/** One error of a chain, whose cause has been mapped. */
function mappedError(error: Error, cause: unknown, map: (text: string) => string): Error {
  const text = isHotloomError(error) ? error.message : fullText(error);
  if (map(text) === text && cause === error.cause) return error;
  if (!isHotloomError(error) || 'problems' in error) {
    const copy = new Error(map(error.message), cause === undefined ? undefined : { cause });
    copy.name = error.name;
    copy.stack = map(error.stack ?? '');
    return copy;
  }
  const { what, where, why, fix } = error;
  const mapped = { what: map(what), where, why: why && map(why), fix: fix && map(fix), cause };
  const copy = Object.create(Object.getPrototypeOf(error), Object.getOwnPropertyDescriptors(error));
  for (const [key, value] of Object.entries({
    ...mapped,
    message: printFields(mapped),
    stack: map(error.stack ?? ''),
  })) {
    Object.defineProperty(copy, key, { value, enumerable: key in mapped, configurable: true, writable: true });
  }
  return copy;
}

/** All that a console would print of it. */
function fullText(error: Error): string {
  const fields = inspect(error, { customInspect: false, depth: 5, maxStringLength: null, maxArrayLength: null });
  return `${error.message}${error.stack ?? ''}${fields}`;
}

/** Somebody threw what is no Error: as JSON with its texts mapped, or its printed form. */
function maskedObject(thrown: object, map: (text: string) => string): unknown {
  try {
    const text = JSON.stringify(thrown);
    return map(text) === text ? thrown : JSON.parse(map(text));
  } catch {
    return map(String(thrown));
  }
}

function printFields({ what, where, why, fix }: ErrorFields): string {
  const lines = [what];
  if (where !== undefined) lines.push(`  at ${printLocation(where)}`);
  if (why !== undefined) lines.push(`  ${why}`);
  if (fix !== undefined) lines.push(`  ${fix}`);
  return lines.join('\n');
}

// --- the template's text ---

/** The text is not a template: empty, not YAML, not a mapping, a YAML bomb, a duplicate key. */
export class TemplateFormatError extends HotloomError {
  readonly code = 'TemplateFormatError';
}
/** `heat_template_version` is missing or names no version that exists. */
export class InvalidTemplateVersion extends HotloomError {
  readonly code = 'InvalidTemplateVersion';
}
/** A section that this version of HOT does not have. */
export class InvalidTemplateSection extends HotloomError {
  readonly code = 'InvalidTemplateSection';
}
/** A limit of the engine is exceeded: template size, resources, nesting. */
export class RequestLimitExceeded extends HotloomError {
  readonly code = 'RequestLimitExceeded';
}
/** A part of the template has the wrong form, or a function got arguments that it cannot take. */
export class StackValidationFailed extends HotloomError {
  readonly code = 'StackValidationFailed';
}
/** A reference to a resource, parameter or condition that is not there. */
export class InvalidTemplateReference extends HotloomError {
  readonly code = 'InvalidTemplateReference';
}
/** A reference to an attribute that the resource's type does not have. */
export class InvalidTemplateAttribute extends HotloomError {
  readonly code = 'InvalidTemplateAttribute';
}
/** A parameter's, property's or attribute's schema contradicts itself. */
export class InvalidSchemaError extends HotloomError {
  readonly code = 'InvalidSchemaError';
}
/** Ports of the graph wait for each other in a circle. */
export class CircularDependencyException extends HotloomError {
  readonly code = 'CircularDependencyException';
}
/** The environment has an unknown or malformed section. */
export class InvalidEnvironment extends HotloomError {
  readonly code = 'InvalidEnvironment';
}

/** Every problem of a template, found in one go and sorted by position. */
export class TemplateInvalid extends HotloomError {
  readonly code = 'TemplateInvalid';
  /** At least one. */
  readonly problems: readonly HotloomError[];

  constructor(problems: readonly HotloomError[]) {
    super({
      what:
        problems.length === 1
          ? (problems[0] as HotloomError).message
          : `The template has ${problems.length} problems.\n\n${problems.map((problem) => problem.message).join('\n\n')}`,
    });
    this.problems = problems;
  }

  override toJSON(): Record<string, unknown> {
    return { code: this.code, what: this.what, problems: this.problems.map((problem) => problem.toJSON()) };
  }
}

// --- parameters and properties ---

/** A parameter without a default was given no value. */
export class UserParameterMissing extends HotloomError {
  readonly code = 'UserParameterMissing';
}
/** A value was given for a parameter that the template does not have, or one is to be cleared that the stack does not have. */
export class UnknownUserParameter extends HotloomError {
  readonly code = 'UnknownUserParameter';
}
/** A value violates a parameter's type or constraint. */
export class ParameterInvalid extends HotloomError {
  readonly code = 'ParameterInvalid';
}
/** A property's value does not fit its schema once its references are resolved. */
export class PropertyInvalid extends HotloomError {
  readonly code = 'PropertyInvalid';
}

// --- the data space ---

/** A text that is not the printed form of a name. */
export class InvalidName extends HotloomError {
  readonly code = 'InvalidName';
}
/** A value that JSON cannot express. */
export class NotJson extends HotloomError {
  readonly code = 'NotJson';
}
/** A name was written twice with different values in one traversal. */
export class ConflictingWrite extends HotloomError {
  readonly code = 'ConflictingWrite';
}
/** Somebody wrote a name that has another writer. */
export class NotTheWriter extends HotloomError {
  readonly code = 'NotTheWriter';
}
/** The writer of the name failed, was cancelled, or never ran; `cause` tells why. */
export class WriterFailed extends HotloomError {
  readonly code = 'WriterFailed';
}
/** The reader gave up: its AbortSignal fired. */
export class ReadAborted extends HotloomError {
  readonly code = 'ReadAborted';
}
/** Blocked reads wait for each other in a circle. */
export class Deadlock extends HotloomError {
  readonly code = 'Deadlock';
}

// --- handlers ---

/** A handler wrote an attribute that its type does not declare. */
export class UndeclaredWrite extends HotloomError {
  readonly code = 'UndeclaredWrite';
}
/** The value that a handler wrote does not fit the schema of its attribute. */
export class AttributeInvalid extends HotloomError {
  readonly code = 'AttributeInvalid';
}
/** A handler read an input that its resource does not have. */
export class UndeclaredRead extends HotloomError {
  readonly code = 'UndeclaredRead';
}
/** A handler ended without having written an attribute that it declares. */
export class UnwrittenAttribute extends HotloomError {
  readonly code = 'UnwrittenAttribute';
}
/** The engine was killed while a handler was at work, and nobody can tell what that has made. */
export class OutcomeUnknown extends HotloomError {
  readonly code = 'OutcomeUnknown';
}
/** A resource's handler failed; `cause` is what it threw. */
export class ResourceFailure extends HotloomError {
  readonly code = 'ResourceFailure';
}
/** A signal's data is not of the form that the resource takes. */
export class SignalInvalid extends HotloomError {
  readonly code = 'SignalInvalid';
}
/** A signal that a wait condition counts has told of a failure; the text is the reasons that were given. */
export class WaitConditionFailure extends HotloomError {
  readonly code = 'WaitConditionFailure';
}
/** A wait condition's time was over before enough signals had come. */
export class WaitConditionTimeout extends HotloomError {
  readonly code = 'WaitConditionTimeout';
}
/** A process that a resource runs could not be started, ended early, or did not become ready. */
export class ProcessFailed extends HotloomError {
  readonly code = 'ProcessFailed';
}
/** A file that a resource is to make cannot be written, or is there already. */
export class FileFailed extends HotloomError {
  readonly code = 'FileFailed';
}
/** A TCP port that a resource is to hold cannot be had. */
export class PortFailed extends HotloomError {
  readonly code = 'PortFailed';
}

// --- stacks ---

/** A stack's action ended in a FAILED state; the root cause stands in the text. */
export class StackFailed extends HotloomError {
  readonly code = 'StackFailed';
}
/** There is a stack of that name. */
export class StackExists extends HotloomError {
  readonly code = 'StackExists';
}
/** There is no stack, resource, output or resource type of that name. */
export class EntityNotFound extends HotloomError {
  readonly code = 'EntityNotFound';
}
/** The action makes no sense for a stack in that state. */
export class NotSupported extends HotloomError {
  readonly code = 'NotSupported';
}
/** The resource's type does not take the action: a signal to one that has no use for signals. */
export class ResourceActionNotSupported extends HotloomError {
  readonly code = 'ResourceActionNotSupported';
}
/** The resource stands in the template and is not there yet. */
export class ResourceNotAvailable extends HotloomError {
  readonly code = 'ResourceNotAvailable';
}
/** A hook is cleared at which nobody waits, or that there is none of. */
export class InvalidBreakPointHook extends HotloomError {
  readonly code = 'InvalidBreakPointHook';
}
/** An update gave another value to a parameter that the template calls immutable. */
export class ImmutableParameterModified extends HotloomError {
  readonly code = 'ImmutableParameterModified';
}
/** An update would do with a resource what the environment's `restricted_actions` forbid. */
export class ResourceActionRestricted extends HotloomError {
  readonly code = 'ResourceActionRestricted';
}
/** A saved plan is to be applied, and the stack has changed since it was made. */
export class PlanStale extends HotloomError {
  readonly code = 'PlanStale';
}
/** Another action, maybe of another engine, is at work on the stack. */
export class ActionInProgress extends HotloomError {
  readonly code = 'ActionInProgress';
}
/** The stack was taken over by another engine while this one was at work on it: nothing more that it does is stored. */
export class ClaimLost extends HotloomError {
  readonly code = 'ClaimLost';
}
/** The stack's time-out elapsed. */
export class StackTimeout extends HotloomError {
  readonly code = 'StackTimeout';
}
/** A resource's own time-out elapsed. */
export class ResourceTimeout extends HotloomError {
  readonly code = 'ResourceTimeout';
}
/**
 * Thrown by a handler's `update` that cannot bring the real thing to the new properties: another is made in its place, as
 * when a property that is not `updateAllowed` changes. `what` tells why.
 */
export class UpdateReplace extends HotloomError {
  readonly code = 'UpdateReplace';
}
/** The action was cancelled by its caller. */
export class ActionCancelled extends HotloomError {
  readonly code = 'ActionCancelled';
}
/** Another stack reads a name of the stack that is to be deleted. */
export class StackInUse extends HotloomError {
  readonly code = 'StackInUse';
}

// --- the store, the endpoint, the command line ---

/** The store's file cannot be opened or written, is damaged, or was written by a newer release; or it does not answer. */
export class StoreUnusable extends HotloomError {
  readonly code = 'StoreUnusable';
}
/** The store is locked by others, and has changed nothing: the same call may succeed a moment later. */
export class StoreBusy extends HotloomError {
  readonly code = 'StoreBusy';
}
/** What was given as an encryption key is none: a key is 32 random bytes, and no passphrase. */
export class EncryptionKeyInvalid extends HotloomError {
  readonly code = 'EncryptionKeyInvalid';
}
/** The action needs what is stored encrypted, and the key that it was encrypted with was not given. */
export class EncryptionKeyMissing extends HotloomError {
  readonly code = 'EncryptionKeyMissing';
}
/** What is stored encrypted was changed, or moved to another place, since it was stored. */
export class SealBroken extends HotloomError {
  readonly code = 'SealBroken';
}
/** A request to an endpoint was refused: bad token, unknown name, not allowed. */
export class EndpointRefused extends HotloomError {
  readonly code = 'EndpointRefused';
}
/** No engine answers at the endpoint's socket. */
export class EndpointUnreachable extends HotloomError {
  readonly code = 'EndpointUnreachable';
}
/** A command was given wrong options or arguments. */
export class UsageError extends HotloomError {
  readonly code = 'UsageError';
}

/** A simulated run cannot go on: nothing is left that could happen, or it does not come to an end. For tests. */
export class SimulationStuck extends HotloomError {
  readonly code = 'SimulationStuck';
}

/** A bug in the engine. */
export class InternalError extends HotloomError {
  readonly code = 'InternalError';

  constructor(what: string, cause?: unknown) {
    super({ what, why: 'This is a bug in Hotloom.', fix: 'Please report it with the template and this text.', cause });
  }
}

/** Throws an InternalError unless the invariant holds. */
export function invariant(holds: unknown, what: string): asserts holds {
  if (!holds) throw new InternalError(what);
}
