import type { Json } from '../../values.ts';

// The form of the files in schemas/resource-types, which Heat's `resource-type-show` prints, without the descriptions.
// schemas/resource-types.schema.json says the same as a JSON Schema.

/** One resource type as data. */
export interface TypeDefinition {
  readonly properties: { readonly [property: string]: PropertyDefinition };
  readonly attributes: { readonly [attribute: string]: AttributeDefinition };
  readonly support_status?: SupportStatus;
  /** Former names of properties, at any depth. Heat takes a value given by one as given by the current name. */
  readonly translations?: readonly Translation[];
  /** What the section update_policy of a resource may say. */
  readonly update_policy?: { readonly [key: string]: PropertyDefinition };
  /** True for a type of which only the name is left: Heat does not look at the properties. */
  readonly any_properties?: boolean;
  /** True for a type with attributes besides the declared ones, such as those of a group's members. */
  readonly any_attributes?: boolean;
}

/** Paths of keys from the properties down; items of lists are left out of them. */
export interface Translation {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

export interface PropertyDefinition {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'list' | 'map' | 'any';
  readonly required?: boolean;
  readonly default?: Json;
  readonly update_allowed?: boolean;
  readonly immutable?: boolean;
  /** False for a property that Heat knows and refuses. */
  readonly implemented?: boolean;
  /** Of a map: its keys. Of a list: its items, under the key `*`. */
  readonly schema?: { readonly [key: string]: PropertyDefinition };
  readonly constraints?: readonly ConstraintDefinition[];
  readonly support_status?: SupportStatus;
}

/** One key each. */
export interface ConstraintDefinition {
  readonly allowed_values?: readonly Json[];
  readonly allowed_pattern?: string;
  readonly length?: Bounds;
  readonly range?: Bounds;
  readonly modulo?: { readonly step: number; readonly offset: number };
  readonly custom_constraint?: string;
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export interface AttributeDefinition {
  readonly type: 'string' | 'integer' | 'boolean' | 'list' | 'map' | 'any';
  readonly support_status?: SupportStatus;
}

export interface SupportStatus {
  readonly status: 'UNKNOWN' | 'DEPRECATED' | 'UNSUPPORTED' | 'HIDDEN';
}
