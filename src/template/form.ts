import type { ResourceDefinition } from './template.ts';

/** One object for all sections that are missing, which most are: who looks at them all finds it at hand. */
export const NO_ENTRIES = Object.freeze({});

/** What resources have in common that have nothing but a type and properties, each the value of one attribute. */
export interface ResourceForm {
  readonly type: string;
  /** The names of the properties. */
  readonly readNames: readonly string[];
}

/**
 * One form for all resources of a template that are alike. Whatever is asked of resources before they run is asked of the
 * form, once: to look at each of 100,000 definitions again, which by then lie anywhere in the heap, takes 1.5 us.
 */
export class ResourceForms {
  readonly #forms = new Map<readonly string[], ResourceForm[]>();
  #last: ResourceForm | undefined;

  /** Undefined for a resource that has anything else. */
  of(definition: ResourceDefinition): ResourceForm | undefined {
    const { type, readNames } = definition;
    if (readNames === undefined || !hasNothingElse(definition)) return undefined;
    if (this.#last?.type !== type || this.#last.readNames !== readNames) this.#last = this.#formOf(type, readNames);
    return this.#last;
  }

  #formOf(type: string, readNames: readonly string[]): ResourceForm {
    const ofNames = this.#forms.get(readNames) ?? [];
    this.#forms.set(readNames, ofNames);
    let form = ofNames.find((each) => each.type === type);
    if (form === undefined) {
      form = { type, readNames };
      ofNames.push(form);
    }
    return form;
  }
}

function hasNothingElse(definition: ResourceDefinition): boolean {
  return (
    definition.metadata === NO_ENTRIES &&
    definition.dependsOn.length === 0 &&
    definition.condition === undefined &&
    definition.deletionPolicy === 'Delete' &&
    definition.updatePolicy === NO_ENTRIES &&
    definition.externalId === undefined &&
    definition.timeout === undefined &&
    definition.inputs === NO_ENTRIES &&
    definition.outputs === NO_ENTRIES
  );
}
