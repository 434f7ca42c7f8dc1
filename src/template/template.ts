import type { Path, Source } from '../source.ts';
import type { Json, JsonObject } from '../values.ts';
import type { ConditionExpression } from './conditions.ts';
import type { Expression } from './expression.ts';
import type { ParameterDefinition, ParameterGroup } from './parameters.ts';
import type { TemplateVersion } from './version.ts';

/** What happens to the real thing when its resource leaves the stack. */
export type DeletionPolicy = 'Delete' | 'Retain' | 'Snapshot';

/** A resource as the template states it. `path` of a section is always [...definition.path, section, ...]. */
export interface ResourceDefinition {
  readonly name: string;
  readonly type: string;
  readonly path: Path;
  readonly properties: { readonly [property: string]: Expression };
  readonly metadata: Expression;
  readonly dependsOn: readonly string[];
  readonly condition: ConditionExpression | undefined;
  readonly deletionPolicy: DeletionPolicy;
  readonly updatePolicy: Expression;
  readonly externalId: Expression | undefined;
  /** The section `inputs` of hotloom-1: aliases that a handler or a script reads while it runs. */
  readonly inputs: { readonly [alias: string]: Expression };
  /** The section `outputs` of hotloom-1: attributes that this resource writes besides those of its type. */
  readonly outputs: { readonly [attribute: string]: DeclaredOutput };
}

/** An attribute that the template declares. */
export interface DeclaredOutput {
  /** JSON Schema of its values; the empty schema allows any. */
  readonly schema: JsonObject;
  /** The inputs it needs: property names and aliases. `undefined` means all of them. */
  readonly needs: readonly string[] | undefined;
  readonly description: string | undefined;
}

/** An output of the stack. */
export interface OutputDefinition {
  readonly name: string;
  readonly path: Path;
  readonly description: string | undefined;
  readonly value: Expression;
  readonly condition: ConditionExpression | undefined;
}

/** A template, parsed and checked as far as it can be without resource types and parameter values. Immutable. */
export interface Template {
  readonly source: Source;
  readonly version: TemplateVersion;
  readonly description: string;
  readonly parameterGroups: readonly ParameterGroup[];
  readonly parameters: ReadonlyMap<string, ParameterDefinition>;
  readonly conditions: ReadonlyMap<string, ConditionExpression>;
  readonly resources: ReadonlyMap<string, ResourceDefinition>;
  readonly outputs: ReadonlyMap<string, OutputDefinition>;
  /** Texts by the name that `get_file` gives. */
  readonly files: ReadonlyMap<string, string>;
  /** The document as plain data: what is stored, and printed as HOT. */
  readonly document: { readonly [section: string]: Json };
}
