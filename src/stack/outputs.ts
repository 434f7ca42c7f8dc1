import { messageOf } from '../errors.ts';
import type { StackInterface } from '../interface/interface.ts';
import type { SecretReads } from '../interface/secret-reads.ts';
import { type Name, nameKey, printName } from '../names.ts';
import type { Region } from '../space/data-space.ts';
import type { StoredOutput } from '../store/stack-store.ts';
import { type Reference, type ResolveScope, resolveExpression } from '../template/expression.ts';
import type { JsonObject } from '../values.ts';

/** What outputs are resolved with. */
export interface OutputSources {
  readonly region: Region;
  readonly scope: ResolveScope;
  /** Why a name outside the stack has no value, by its key. */
  readonly missing: ReadonlyMap<string, string>;
  /** What resources have that a failed update has left as they were, by name; the scope tells it too. */
  readonly untouched: ReadonlyMap<string, JsonObject>;
  /** What is secret by what the template says. */
  readonly reads: SecretReads;
  readonly redact: (text: string) => string;
}

/** The names that outputs read and no resource of the stack writes, by the name of the first output that reads it. */
export function outsideNames(stack: StackInterface): readonly { readonly output: string; readonly name: Name }[] {
  const names = new Map<string, { readonly output: string; readonly name: Name }>();
  for (const { definition, references } of stack.outputs) {
    for (const reference of references) {
      if (reference.kind !== 'name' || isOwn(stack, reference.name)) continue;
      const key = nameKey(reference.name);
      if (!names.has(key)) names.set(key, { output: definition.name, name: reference.name });
    }
  }
  return [...names.values()];
}

/** The stack's outputs from what its resources have published. One that cannot be resolved says why. */
export function resolveOutputs(
  stack: StackInterface,
  sources: OutputSources,
): { readonly [name: string]: StoredOutput } {
  const outputs: Record<string, StoredOutput> = {};
  // One whose condition does not hold is null, as under Heat.
  for (const { name, description } of stack.template.outputs.values()) {
    outputs[name] = { description, value: null, error: undefined };
  }
  for (const { definition, references } of stack.outputs) {
    const { name, description } = definition;
    const missing = firstDefined(references, (reference) => whyMissing(stack, reference, sources));
    if (missing !== undefined) {
      outputs[name] = { description, value: null, error: sources.redact(missing) };
      continue;
    }
    try {
      const value = resolveExpression(definition.value, sources.scope) ?? null;
      const secrecy = sources.reads.ofExpression(definition.value, references);
      outputs[name] = { description, value, error: undefined, ...(secrecy === undefined ? {} : { secrecy }) };
    } catch (error) {
      outputs[name] = { description, value: null, error: sources.redact(messageOf(error)) };
    }
  }
  return outputs;
}

/** Why what the reference reads is not there; undefined when it is, or when a condition left its resource out. */
function whyMissing(stack: StackInterface, reference: Reference, sources: OutputSources): string | undefined {
  if (reference.kind === 'name' && !isOwn(stack, reference.name)) return sources.missing.get(nameKey(reference.name));
  const [resource, attribute] = ownPart(reference);
  if (attribute === undefined || !stack.numbers.has(resource) || isWritten(sources, resource, attribute)) {
    return undefined;
  }
  const lost = sources.region.tryRead(resource, attribute);
  const isEphemeral = sources.reads.ofAttribute(resource, attribute) === 'ephemeral';
  if (isEphemeral && lost !== undefined && 'failure' in lost) return messageOf(lost.failure);
  return `${printName([stack.space, stack.stack, resource, attribute])} was not written.`;
}

function ownPart(reference: Reference): readonly [resource: string, attribute: string | undefined] {
  if (reference.kind === 'name') return [reference.name[2], reference.name[3]];
  return [reference.resource, reference.kind === 'attribute' ? reference.attribute : undefined];
}

/** A name that a resource of the stack writes. */
function isOwn(stack: StackInterface, [space, stackName, resource]: Name): boolean {
  return space === stack.space && stackName === stack.stack && stack.numbers.has(resource);
}

function firstDefined<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isWritten({ region, untouched }: OutputSources, resource: string, attribute: string): boolean {
  if (Object.hasOwn(untouched.get(resource) ?? {}, attribute)) return true;
  const entry = region.tryRead(resource, attribute);
  return entry !== undefined && 'value' in entry;
}
