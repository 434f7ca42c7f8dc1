import type { HotloomError } from '../errors.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import { differenceOf, isUpdatable, type PresentResource } from '../plan/comparison.ts';
import type { UpdatedResource } from '../resource/handler.ts';
import type { Conceal } from '../secrets.ts';
import { type Json, type JsonObject, sameJson, withoutDigests } from '../values.ts';
import { cameOutDifferent } from './run-errors.ts';

/** The live resource that a run changes in place: what it was before, what of that stays, and what must not change. */
export class InPlaceUpdate {
  readonly present: PresentResource;
  readonly #resource: ResourceInterface;
  readonly #conceal: Conceal<ResourceInterface>;
  #replacement: HotloomError | undefined;

  constructor(resource: ResourceInterface, present: PresentResource, conceal: Conceal<ResourceInterface>) {
    this.#resource = resource;
    this.present = present;
    this.#conceal = conceal;
  }

  /** As its handler sees what there is. */
  get previous(): UpdatedResource<JsonObject, JsonObject> {
    const { record, values } = this.present;
    const properties = withoutDigests(record.properties ?? {});
    return { resourceId: record.resourceId, data: record.data, properties, attributes: values };
  }

  /** Why it cannot go on and has to become a replacement; undefined as far as it can. */
  get replacement(): HotloomError | undefined {
    return this.#replacement;
  }

  /** The properties that it cannot change and may begin without: a plain handler is called when all are there. */
  get fixed(): readonly string[] {
    const { type, definition } = this.#resource;
    if (type.kind === 'plain') return [];
    return Object.keys(definition.properties).filter(
      (name) => !isUpdatable(this.#resource, { name, kind: 'property' }),
    );
  }

  /**
   * In a circle an update may begin before all of its inputs are there: one that it cannot change may differ. Throws
   * UpdateReplace then.
   */
  check(input: string, value: Json | undefined): void {
    const kind = Object.hasOwn(this.#resource.definition.inputs, input) ? 'alias' : 'property';
    if (isUpdatable(this.#resource, { name: input, kind })) return;
    const concealed = value === undefined ? undefined : this.#conceal({ [input]: value }, this.#resource)[input];
    if (differenceOf(this.present, { name: input, kind, value: concealed }) === undefined) return;
    this.#replacement ??= cameOutDifferent(this.#resource, input);
    throw this.#replacement;
  }

  /** What the handler returned, with the attributes that it has not told at all: they stay as they are. */
  withKept(
    returned: { readonly [attribute: string]: unknown },
    isPublished: (attribute: string) => boolean,
  ): { readonly [attribute: string]: unknown } {
    const { values } = this.present;
    const attributes: Record<string, unknown> = { ...returned };
    for (const attribute in values) {
      const isTold = attributes[attribute] !== undefined || isPublished(attribute);
      if (!isTold && Object.hasOwn(this.#resource.outputs, attribute)) attributes[attribute] = values[attribute];
    }
    return attributes;
  }

  /** Whether the attribute was published before, and is not stored. */
  isMissing(attribute: string): boolean {
    return this.present.missing?.has(attribute) === true;
  }

  /** Those of the attributes that are not what they were. */
  changed(attributes: JsonObject): readonly string[] {
    const { values } = this.present;
    return Object.keys(attributes).filter(
      (name) => !Object.hasOwn(values, name) || !sameJson(values[name] as Json, attributes[name] as Json),
    );
  }
}
