import { messageOf } from '../errors.ts';
import type { StackInterface } from '../interface/interface.ts';
import { printName } from '../names.ts';
import type { Region } from '../space/data-space.ts';
import type { StoredOutput } from '../store/stack-store.ts';
import { type ResolveScope, resolveExpression } from '../template/expression.ts';

/** The stack's outputs from what its resources have published. One that cannot be resolved says why. */
export function resolveOutputs(
  stack: StackInterface,
  region: Region,
  scope: ResolveScope,
  redact: (text: string) => string,
): { readonly [name: string]: StoredOutput } {
  const outputs: Record<string, StoredOutput> = {};
  // One whose condition does not hold is null, as under Heat.
  for (const { name, description } of stack.template.outputs.values()) {
    outputs[name] = { description, value: null, error: undefined };
  }
  for (const { definition, references } of stack.outputs) {
    const { name, description } = definition;
    const missing = references.find(
      (reference) =>
        reference.kind === 'attribute' &&
        stack.byName.has(reference.resource) &&
        !isWritten(region, reference.resource, reference.attribute),
    );
    if (missing?.kind === 'attribute') {
      const text = printName([stack.space, stack.stack, missing.resource, missing.attribute]);
      outputs[name] = { description, value: null, error: `${text} was not written.` };
      continue;
    }
    try {
      outputs[name] = { description, value: resolveExpression(definition.value, scope) ?? null, error: undefined };
    } catch (error) {
      outputs[name] = { description, value: null, error: redact(messageOf(error)) };
    }
  }
  return outputs;
}

function isWritten(region: Region, resource: string, attribute: string): boolean {
  const entry = region.tryRead(resource, attribute);
  return entry !== undefined && 'value' in entry;
}
