import type { Path } from '../source.ts';
import { type CustomConstraints, customViolation } from '../template/constraints.ts';
import type { Json } from '../values.ts';
import { isPartlyUnknown, type Misfit, type PartialJson } from './schema.ts';

/** What this file reads of a schema. */
interface ConstrainedSchema {
  readonly customConstraints?: readonly string[];
  readonly properties?: { readonly [key: string]: ConstrainedSchema };
  readonly items?: ConstrainedSchema;
}

/** Whether `schema` names custom constraints, at any depth that customMisfits looks at. */
export function hasCustomConstraints(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  const { customConstraints = [], properties = {}, items } = schema as ConstrainedSchema;
  return (
    customConstraints.length > 0 || hasCustomConstraints(items) || Object.values(properties).some(hasCustomConstraints)
  );
}

/**
 * What is wrong with a value under the custom constraints that its schema names, at every depth. As under Heat
 * (heat/engine/properties.py), a part that is not given or null is not asked about; nor is one that is not known yet.
 * `converted` is `given` after its conversion by the same schema.
 *
 * The names are in the schemas and the constraints belong to an engine, so a compiled type, which all engines share, does
 * not check them: it is done by this walk after the conversion. O(size of the value).
 */
export function* customMisfits(
  schema: unknown,
  given: PartialJson | undefined,
  converted: PartialJson | undefined,
  path: Path,
  customConstraints: CustomConstraints,
): Generator<Misfit> {
  if (typeof schema !== 'object' || schema === null || given === undefined || given === null) return;
  const { customConstraints: names = [], properties, items } = schema as ConstrainedSchema;
  if (names.length > 0 && !isPartlyUnknown(converted))
    yield* violations(names, converted as Json, path, customConstraints);
  if (typeof given !== 'object' || typeof converted !== 'object' || converted === null) return;
  if (Array.isArray(given)) {
    if (items === undefined || Array.isArray(items)) return;
    for (const [index, item] of given.entries()) {
      const part = (converted as readonly PartialJson[])[index];
      yield* customMisfits(items, item, part, [...path, index], customConstraints);
    }
    return;
  }
  for (const [key, child] of Object.entries(properties ?? {})) {
    if (!Object.hasOwn(given, key)) continue;
    const [from, to] = [given, converted].map((map) => (map as { readonly [key: string]: PartialJson })[key]);
    yield* customMisfits(child, from, to, [...path, key], customConstraints);
  }
}

function* violations(
  names: readonly string[],
  value: Json,
  path: Path,
  customConstraints: CustomConstraints,
): Generator<Misfit> {
  for (const name of names) {
    const what = customViolation(name, value, { customConstraints });
    if (what === undefined) continue;
    yield {
      path,
      what,
      why: `The property asks for a value that follows the constraint '${name}'.`,
      fix: 'Give another value.',
    };
  }
}
