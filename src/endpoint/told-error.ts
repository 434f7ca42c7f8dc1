import { HotloomError } from '../errors.ts';
import type { EndpointFailure } from './client.ts';

/** An error as another engine has told it, under its own code. */
export class ToldError extends HotloomError {
  readonly code: string;

  constructor({ code, ...fields }: EndpointFailure) {
    super(fields);
    this.code = code;
  }
}
