/**
 * An expression that cannot be parsed or evaluated. The message is yaql's or Python's own, which is what Heat shows;
 * the call of the function `yaql` makes a StackValidationFailed of it.
 */
export class YaqlError extends Error {
  /** Where in the text of the expression the failure is, counted in UTF-16 units; of the innermost part that failed. */
  offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

/** The name of a function or method that the library does not have (yaql/language/exceptions.py). */
export class UnknownFunction extends YaqlError {
  readonly functionName: string;

  constructor(functionName: string, message = `Unknown function "${functionName}"`) {
    super(message);
    this.functionName = functionName;
  }
}

/** A function that is there, but not for these arguments. */
export class NoMatchingFunction extends YaqlError {}

/** Python's IndexError. */
export class IndexOutOfRange extends YaqlError {}

/** Heat's bounds on what an expression may take, and our own on its steps (yaql.limitIterators, yaql.memoryQuota). */
export class LimitExceeded extends YaqlError {}
