import { MEMBERS } from '../composition/handler.ts';
import { givenInput, type placeOf } from '../interface/given.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import { printName } from '../names.ts';
import type { ResolveScope } from '../template/expression.ts';
import { isDigest, type Json } from '../values.ts';
import type { Change } from './changes.ts';
import { type Difference, isUpdatable, type PresentResource } from './comparison.ts';

/** What stands in a plan instead of a value that holds a secret. */
const MASKED = '******';

/** What a plan tells of one property, or of one alias of the section `inputs`. */
export interface PropertyChange extends Difference {
  /** What it will be; undefined when it will be absent, and when that is not known before the run. */
  readonly after: Json | undefined;
  /** False: the value reads from what changes, and may come out as it was. */
  readonly isKnown: boolean;
  /** Whether the real thing cannot be brought to another value of it, so that a change means a replacement. */
  readonly forcesReplacement: boolean;
}

/** The properties and aliases that the template gives a resource that is to be made. */
export function givenChanges(
  resource: ResourceInterface,
  isUnknown: (input: string) => boolean,
  scope: ResolveScope,
  place: ReturnType<typeof placeOf>,
  mask: (text: string) => string,
): readonly PropertyChange[] {
  const changes: PropertyChange[] = [];
  const { properties, inputs } = resource.definition;
  for (const [kind, names] of [
    ['property', Object.keys(properties)],
    ['alias', Object.keys(inputs)],
  ] as const) {
    for (const name of names) {
      const isKnown = !isUnknown(name);
      const after = isKnown ? givenValue(resource, name, scope, place) : undefined;
      if (isKnown && after === undefined) continue;
      changes.push({
        name,
        kind,
        before: undefined,
        after: masked(after, mask),
        isKnown,
        forcesReplacement: false,
      });
    }
  }
  return changes;
}

/** What an update changes of a resource that is there, or may change: what differs for certain first. */
export function changesOf(
  resource: ResourceInterface,
  { record }: PresentResource,
  { differences, unknown, unknownReads = [] }: Change,
  mask: (text: string) => string,
): readonly PropertyChange[] {
  const certain = differences.map((difference): PropertyChange => {
    const { name, kind, before, after } = difference;
    const forcesReplacement = !isUpdatable(resource, difference);
    return { name, kind, before: masked(before, mask), after: masked(after, mask), isKnown: true, forcesReplacement };
  });
  // That a composition waits for its members is no value of it, and they are told by themselves.
  const values = resource.type.isComposition === true ? unknown.filter((name) => name !== MEMBERS) : unknown;
  const others = values.map((name): PropertyChange => {
    const kind = Object.hasOwn(resource.definition.inputs, name) ? 'alias' : 'property';
    const before = (kind === 'alias' ? record.inputs : record.properties)?.[name];
    const forcesReplacement = !isUpdatable(resource, { name, kind });
    return { name, kind, before: masked(before, mask), after: undefined, isKnown: false, forcesReplacement };
  });
  const reads = unknownReads.map(({ name: of, value, secrecy }): PropertyChange => {
    const [name, kind] = [printName(of), 'name' as const];
    const before = secrecy === undefined ? masked(value, mask) : MASKED;
    const forcesReplacement = !isUpdatable(resource, { name, kind });
    return { name, kind, before, after: undefined, isKnown: false, forcesReplacement };
  });
  return [...certain, ...others, ...reads];
}

/** The value, or a mask when it holds a hidden parameter. */
export function masked(value: Json | undefined, mask: (text: string) => string): Json | undefined {
  if (value === undefined) return undefined;
  if (isDigest(value)) return MASKED;
  const text = JSON.stringify(value);
  return mask(text) === text ? value : MASKED;
}

/** Undefined for one that cannot be resolved: the run tells why. */
function givenValue(
  resource: ResourceInterface,
  name: string,
  scope: ResolveScope,
  place: ReturnType<typeof placeOf>,
): Json | undefined {
  try {
    return givenInput(resource, name, scope, place);
  } catch {
    return undefined;
  }
}
