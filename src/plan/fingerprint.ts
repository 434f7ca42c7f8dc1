import { createHash } from 'node:crypto';
import type { Action } from '../events.ts';
import type { StackDefinition, StackRecord } from '../store/stack-store.ts';
import { isJsonObject, type Json, type JsonObject } from '../values.ts';
import type { PresentResource } from './comparison.ts';

/** What a plan was made against, in digests: by it a later action sees whether that still stands, and what has changed. */
export interface Fingerprint {
  /** The stack's id: another stack may have got the name since. */
  readonly stackId: string;
  readonly template: string;
  readonly files: { readonly [name: string]: string };
  readonly parameters: { readonly [name: string]: string };
  readonly environment: string;
  /** By the name in the store; `state` for people. */
  readonly resources: { readonly [name: string]: { readonly state: string; readonly digest: string } };
}

/** O(size of the stack's records and values). */
export function fingerprintOf(
  stack: Pick<StackRecord, 'id' | keyof StackDefinition>,
  present: ReadonlyMap<string, PresentResource>,
): Fingerprint {
  const { id, template, files, parameters, environment } = stack;
  return {
    stackId: id,
    template: digestOf(template),
    files: mapValues(files, digestOf),
    parameters: mapValues(parameters, digestOf),
    environment: digestOf(environment),
    resources: fingerprintOfResources(present),
  };
}

export function fingerprintOfResources(
  present: Iterable<readonly [string, PresentResource]>,
): Fingerprint['resources'] {
  return Object.fromEntries(
    [...present].map(([name, { record, values }]) => {
      // When and why it came to its state decides nothing. The token is random: no value can be guessed by the digest.
      const { reason: _reason, updatedAt: _updatedAt, action, ...rest } = record;
      const isAsMade = record.status === 'COMPLETE' && AS_MADE.has(action);
      const digest = digestOf([JSON.parse(JSON.stringify(rest)), isAsMade ? null : action, values]);
      return [name, { state: `${action}_${record.status}`, digest }];
    }),
  );
}

/** The actions whose end is the same to an update: the real thing is as its record tells. */
const AS_MADE: ReadonlySet<Action> = new Set<Action>(['CREATE', 'UPDATE', 'ADOPT', 'CHECK', 'RESUME', 'SNAPSHOT']);

/** What differs, each in words: `parameter 'size'`. Empty when nothing does. */
export function changedSince(before: Fingerprint, now: Fingerprint): readonly string[] {
  if (before.stackId !== now.stackId) return ['the stack was deleted, and there is another of that name'];
  const changed: string[] = [];
  if (before.template !== now.template) changed.push('the template');
  for (const name of differing(before.files, now.files)) changed.push(`the file '${name}'`);
  for (const name of differing(before.parameters, now.parameters)) changed.push(`the parameter '${name}'`);
  if (before.environment !== now.environment) changed.push('the environment');
  for (const name of differing(digests(before), digests(now))) {
    const [was, is] = [before.resources[name], now.resources[name]];
    if (was === undefined) changed.push(`the resource '${name}' is new`);
    else if (is === undefined) changed.push(`the resource '${name}' is gone`);
    else if (was.state !== is.state) changed.push(`the resource '${name}' was ${was.state} and is ${is.state}`);
    else changed.push(`the resource '${name}'`);
  }
  return changed;
}

function digests({ resources }: Fingerprint): { readonly [name: string]: string } {
  return Object.fromEntries(Object.entries(resources).map(([name, { digest }]) => [name, digest]));
}

function differing(
  before: { readonly [name: string]: string },
  now: { readonly [name: string]: string },
): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => before[name] !== now[name]);
}

function mapValues<T>(object: { readonly [name: string]: T }, map: (value: T) => string) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
}

function digestOf(value: Json | JsonObject): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('base64url')
    .slice(0, 22);
}

/** The order of keys does not matter. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] as Json)]),
  );
}
