import type { StreamingCreateCall, StreamingHandler } from '../resource/handler.ts';
import { type AttributeDeclarations, defineStreamingType, type ResourceType } from '../resource/resource-type.ts';
import type { Expression } from '../template/expression.ts';
import type { Json, JsonObject } from '../values.ts';
import { NESTED_ID, NESTED_NAME } from './composition.ts';

/** The alias by which a composition waits for its members. */
export const MEMBERS = 'members';

const OUTPUT = 'output ';

/** The aliases by which a composition reads its attributes. */
export function outputInputs(attributes: { readonly [name: string]: Expression }): {
  readonly [alias: string]: Expression;
} {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`${OUTPUT}${name}`, value]));
}

/**
 * The type of a resource that is made of others. Its handler makes nothing: it tells its name and id at once, publishes
 * each attribute as soon as what is behind it is there, for readers outside of the stack, and ends when its members have.
 */
export function compositionType(
  base: Pick<ResourceType, 'name' | 'properties'> &
    Partial<Pick<ResourceType, 'required' | 'validate' | 'anyProperties' | 'shown' | 'updatePolicy'>>,
  attributes: readonly string[],
): ResourceType {
  const declared: Record<string, AttributeDeclarations[string]> = {
    [NESTED_ID]: { schema: {}, needs: [] },
    [NESTED_NAME]: { schema: {}, needs: [] },
  };
  for (const name of attributes) declared[name] = { schema: {}, optional: true };
  return defineStreamingType({
    name: base.name,
    properties: base.properties,
    ...(base.required === undefined ? {} : { required: base.required }),
    ...(base.validate === undefined ? {} : { validate: base.validate }),
    ...(base.anyProperties === undefined ? {} : { anyProperties: base.anyProperties }),
    ...(base.updatePolicy === undefined ? {} : { updatePolicy: base.updatePolicy }),
    ...(base.shown === undefined ? {} : { shown: base.shown }),
    attributes: declared,
    isComposition: true,
    handler: HANDLER as never,
  }) as ResourceType;
}

/** Marks the record of a composition from its first intent on: there is nothing to delete but its members. */
export const COMPOSITION_DATA: JsonObject = { isComposition: true };

type Attributes = { readonly [attribute: string]: Json };

/** The same at an update: its members are updated by themselves. */
const HANDLER: StreamingHandler<JsonObject, Attributes> = { isRepeatable: true, create: compose, update: compose };

async function compose(call: StreamingCreateCall<JsonObject, Attributes>): Promise<void> {
  await Promise.all([
    call.setResourceId(call.token),
    call.publish(NESTED_ID, call.token),
    call.publish(NESTED_NAME, call.resource.physicalName),
  ]);
  const outputs = call.inputNames.filter((name) => name.startsWith(OUTPUT));
  await Promise.all(
    outputs.map(async (input) => {
      const value = await readable(call.inputs[input]);
      if (value !== undefined) await call.publish(input.slice(OUTPUT.length), value);
    }),
  );
  await call.inputs[MEMBERS];
}

/** An attribute that cannot be read is told to whoever reads it in the template; the members tell what failed. */
async function readable(input: PromiseLike<unknown> | undefined): Promise<Json | undefined> {
  try {
    return (await input) as Json;
  } catch {
    return undefined;
  }
}
