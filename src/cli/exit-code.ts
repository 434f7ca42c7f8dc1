import { isHotloomError } from '../errors.ts';

/** What the exit code of the program says. */
export const EXIT = {
  ok: 0,
  /** The action failed, or was refused. */
  failed: 1,
  /** Wrong usage, or a template, environment or parameter that cannot be right. Nothing was done. */
  invalid: 2,
  /** The stack or the value is not there. */
  notThere: 3,
  /** Cancelled by Ctrl-C or SIGTERM: 128 and the number of SIGINT, as shells have it. */
  cancelled: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The errors that a wrong input gives before anything is done. */
const INVALID = new Set([
  'UsageError',
  'TemplateInvalid',
  'TemplateFormatError',
  'InvalidTemplateVersion',
  'InvalidTemplateSection',
  'RequestLimitExceeded',
  'StackValidationFailed',
  'InvalidTemplateReference',
  'InvalidTemplateAttribute',
  'InvalidSchemaError',
  'CircularDependencyException',
  'InvalidEnvironment',
  'UserParameterMissing',
  'UnknownUserParameter',
  'ParameterInvalid',
  'PropertyInvalid',
  'InvalidName',
  'NotJson',
  'ImmutableParameterModified',
  'EncryptionKeyInvalid',
]);

export function exitCodeOf(error: unknown): ExitCode {
  if (!isHotloomError(error)) return EXIT.failed;
  if (INVALID.has(error.code)) return EXIT.invalid;
  return error.code === 'EntityNotFound' ? EXIT.notThere : EXIT.failed;
}
