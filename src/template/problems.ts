import {
  type ErrorFields,
  type HotloomError,
  isHotloomError,
  StackValidationFailed,
  TemplateInvalid,
} from '../errors.ts';
import type { Path, Source } from '../source.ts';

/** An error class of this library that can be made from its fields. */
export type ErrorClass = new (fields: ErrorFields) => HotloomError;

/** What is wrong at one place of a document. */
export interface ProblemFields extends Omit<ErrorFields, 'where'> {
  readonly path: Path;
  /** Default: StackValidationFailed. */
  readonly Class?: ErrorClass;
  /** True when the text at the place may be a secret, so that errors do not quote it. */
  readonly isSecret?: boolean;
}

/** More are not told: an alias can repeat one mistake a hundred thousand times, and nobody reads so many. */
export const MAX_PROBLEMS = 1000;

/**
 * Collects what is wrong with one document. Places are looked up at the end and only when there is a problem, because a
 * lookup parses the text once more.
 */
export class Problems {
  readonly #source: Source;
  readonly #problems: ProblemFields[] = [];

  constructor(source: Source) {
    this.#source = source;
  }

  get isEmpty(): boolean {
    return this.#problems.length === 0;
  }

  /** True when nothing that is added will be told. */
  get isFull(): boolean {
    return this.#problems.length >= MAX_PROBLEMS;
  }

  add(problem: ProblemFields): void {
    if (!this.isFull) this.#problems.push(problem);
  }

  /** Adds what `attempt` throws, if it is an error of this library, as a problem at `path`. */
  collect<T>(path: Path, attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (!isHotloomError(error) || error.code === 'InternalError') throw error;
      const { what, why, fix } = error;
      this.add({ path, what, why, fix, Class: error.constructor as ErrorClass });
      return undefined;
    }
  }

  /** Throws TemplateInvalid with the problems in the order of the text, if there is one. */
  throwIfAny(): void {
    if (this.#problems.length === 0) return;
    throw new TemplateInvalid(this.toErrors());
  }

  /** The problems in the order of the text; those of a document that a program built in the order they were found. */
  toErrors(): readonly HotloomError[] {
    return this.#problems
      .map(({ path, Class = StackValidationFailed, isSecret = false, ...fields }) => {
        const located = this.#source.locate(path);
        const { excerpt, ...where } = located;
        return new Class({ ...fields, where: isSecret ? where : located });
      })
      .sort((a, b) => (a.where?.line ?? 0) - (b.where?.line ?? 0) || (a.where?.column ?? 0) - (b.where?.column ?? 0));
  }
}
