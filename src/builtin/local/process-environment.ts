import { delimiter } from 'node:path';
import type { EndpointAccess } from '../../resource/handler.ts';
import type { Json } from '../../values.ts';
import { ATTEMPT_VARIABLE } from './attempt-processes.ts';

/**
 * The environment of a resource's process: the engine's own but for its encryption key, what the template adds (over the engine's), and the
 * variables of the endpoint and of the attempt (over both, since nothing would work with other ones). PATH keeps what the
 * template or the engine says, with the directory of the command `hotloom` in front. Strings are passed as they are, null
 * as the empty string, and other values as JSON text, as Heat's script hook passes lists and maps.
 */
export function processEnvironment(
  added: { readonly [variable: string]: unknown },
  endpoint: EndpointAccess,
  token: string,
): NodeJS.ProcessEnv {
  const texts = Object.fromEntries(Object.entries(added).map(([variable, value]) => [variable, textOf(value as Json)]));
  const path = texts.PATH ?? process.env.PATH ?? '';
  // What the engine's secrets are encrypted with is for nobody but the engine.
  const { HOTLOOM_KEY: _key, HOTLOOM_KEY_FILE: _keyFile, ...inherited } = process.env;
  return {
    ...inherited,
    ...texts,
    ...endpoint.environment,
    PATH: path === '' ? endpoint.commandDirectory : `${endpoint.commandDirectory}${delimiter}${path}`,
    [ATTEMPT_VARIABLE]: token,
  };
}

function textOf(value: Json): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}
