import {
  EntityNotFound,
  type HotloomError,
  isHotloomError,
  RequestLimitExceeded,
  StackValidationFailed,
  TemplateInvalid,
} from '../errors.ts';
import type { ResourceTypes } from '../resource/registry.ts';
import { type ConditionExpression, evaluateCondition } from '../template/conditions.ts';
import type { CustomConstraints } from '../template/constraints.ts';
import type { Environment } from '../template/environment.ts';
import {
  type Expression,
  resolveExpression,
  type StaticScope,
  visitReferences,
  withoutReads,
} from '../template/expression.ts';
import { parseTemplate, type ResourceDefinition, type Template } from '../template/template.ts';
import type { DuplicateKeys } from '../template/yaml.ts';
import type { Json } from '../values.ts';
import { EndOf, type Place } from './calls.ts';
import type { Composition, FlatResource } from './composition.ts';
import { MEMBERS } from './handler.ts';
import { composeHeatStack } from './heat-stack.ts';
import type { Level } from './level.ts';
import { isTemplateFile, lookUpType, normalisePath } from './registry-lookup.ts';
import { composeChain, composeGroup } from './resource-group.ts';
import { composeTemplate } from './template-resource.ts';

/** Heat's max_nested_stack_depth. */
export const MAX_NESTED_DEPTH = 5;

export interface FlattenOptions {
  readonly types: ResourceTypes;
  /** The root template's scope. */
  readonly scope: StaticScope;
  readonly environment: Pick<Environment, 'resourceRegistry' | 'parameterDefaults'>;
  readonly customConstraints?: CustomConstraints | undefined;
  readonly duplicateKeys?: DuplicateKeys | undefined;
  /** Heat's max_resources_per_stack, which counts those of nested templates too. */
  readonly maxResources: number;
}

/** A resource that is about to be added: how its definition looks from the root template. */
export interface Draft {
  readonly definition: ResourceDefinition;
  readonly template: Template;
  /** How many templates it is nested in. */
  readonly depth: number;
  /** The key of its template's file among the root template's files; the empty text for the root template. */
  readonly file: string;
}

/** What a kind of composition makes of one resource. */
export interface Composed {
  readonly members: readonly Draft[];
  readonly composition: Omit<Composition, 'members' | 'type'> & { readonly type: Composition['type'] };
  /** The attributes that are published for readers outside of the stack. */
  readonly published: { readonly [alias: string]: Expression };
}

/**
 * The template with every resource that is made of others replaced by itself and its members, down through all nested
 * templates, each named from the root down. The port graph is made of the result, so that attribute-level order, deadlocks
 * and deletion reach through nesting. Resources whose condition does not hold are left out, with their members.
 *
 * O(resources of all levels). Problems are added to `problems` in the order in which they are found.
 */
export function flatten(
  template: Template,
  options: FlattenOptions,
  problems: HotloomError[],
): readonly FlatResource[] {
  return new Flattener(template, options, problems).flatten();
}

/** Whether the template has no resource that is made of others, or of a type that another may stand for. */
export function isFlat({ typeNames }: Template, { resourceRegistry }: FlattenOptions['environment']): boolean {
  for (const name of typeNames) if (composerOf(name) !== undefined) return false;
  return Object.keys(resourceRegistry).length === 0;
}

/** What the kinds of compositions work with. */
export class Flattener {
  readonly scope: StaticScope;
  readonly options: FlattenOptions;
  readonly root: Template;
  readonly #problems: HotloomError[];
  readonly #flat: FlatResource[] = [];
  readonly #templates = new Map<string, Template>();
  readonly #hasRegistry: boolean;
  #isOverLimit = false;

  constructor(root: Template, options: FlattenOptions, problems: HotloomError[]) {
    this.root = root;
    this.options = options;
    this.scope = options.scope;
    this.#problems = problems;
    this.#hasRegistry = Object.keys(options.environment.resourceRegistry).length > 0;
  }

  flatten(): readonly FlatResource[] {
    for (const definition of this.root.resources.values()) {
      this.#add({ definition, template: this.root, depth: 0, file: '' });
    }
    return this.#flat;
  }

  /** The value of an expression that has to be known before the run. Throws StackValidationFailed when it is not. */
  known(expression: Expression, { definition, template }: Draft, property: string): Json | undefined {
    visitReferences(expression, this.scope, (reference) => {
      const what = reference.kind === 'name' ? reference.name.join('.') : reference.resource;
      throw new StackValidationFailed({
        what: `The property '${property}' of '${definition.name}' is not known before the run.`,
        where: template.source.locate([...definition.path, 'properties', property]),
        why: `It depends on '${what}', and what resources there are is decided before anything is created.`,
        fix: 'Give the value by a parameter.',
      });
    });
    return resolveExpression(expression, withoutReads(this.scope));
  }

  /** A nested template by the name under which its text was given. `from` is the file that names it. */
  template(name: string, from: Draft): { readonly template: Template; readonly file: string } {
    const file = this.fileKey(name, from.file);
    const text = file === undefined ? undefined : this.root.files.get(file);
    if (file === undefined || text === undefined) {
      throw new EntityNotFound({
        what: `Could not fetch remote template "${name}": the file was not given along with the template.`,
        where: from.template.source.locate([...from.definition.path, 'type']),
        why: `The type of '${from.definition.name}' is a nested template, and its text is needed to know what it makes.`,
        fix: "Give the text in 'files' under this name; the command line collects it when the file is there.",
      });
    }
    return { template: this.parse(text, file), file };
  }

  parse(text: string, file: string): Template {
    const known = this.#templates.get(`${file}\u0000${text}`);
    if (known !== undefined) return known;
    const { duplicateKeys } = this.options;
    const template = parseTemplate(text, {
      file: this.#shownName(file),
      files: Object.fromEntries(this.root.files),
      ...(duplicateKeys === undefined ? {} : { duplicateKeys }),
    });
    this.#templates.set(`${file}\u0000${text}`, template);
    return template;
  }

  /** A nested file as the user would name it: files are given relative to the root template's. */
  #shownName(file: string): string {
    const directory = this.root.source.file.slice(0, this.root.source.file.lastIndexOf('/') + 1);
    return file.startsWith('/') || file.includes('://') ? file : normalisePath(`${directory}${file}`);
  }

  /** Names in a nested template are relative to its file; one that is given as it stands is found too. */
  fileKey(name: string, from: string): string | undefined {
    const directory = from.slice(0, from.lastIndexOf('/') + 1);
    const relative = normalisePath(`${directory}${name}`);
    if (this.root.files.has(relative)) return relative;
    return this.root.files.has(name) ? name : undefined;
  }

  /** The text of a file that a nested template names by get_file. */
  fileText(name: string, from: string): string | undefined {
    const key = this.fileKey(name, from);
    return key === undefined ? undefined : this.root.files.get(key);
  }

  /** A resource of a nested template as a draft of the root template. */
  draftOf(definition: ResourceDefinition, level: Level, owner: Draft, file: string): Draft {
    return {
      definition: {
        ...definition,
        name: level.flatName(definition.name),
        properties: level.liftMap(definition.properties),
        metadata: level.lift(definition.metadata),
        updatePolicy: level.lift(definition.updatePolicy),
        inputs: level.liftMap(definition.inputs),
        dependsOn: definition.dependsOn.map((name) => level.flatName(name)),
        condition: level.liftCondition(definition.condition),
        deletionPolicy:
          typeof definition.deletionPolicy === 'string'
            ? definition.deletionPolicy
            : (level.lift(definition.deletionPolicy) as typeof definition.deletionPolicy),
        externalId: definition.externalId === undefined ? undefined : level.lift(definition.externalId),
        timeout: definition.timeout === undefined ? undefined : level.lift(definition.timeout),
      },
      template: level.template,
      depth: owner.depth + 1,
      file,
    };
  }

  /** The enabled resource, and its members when it is made of others. */
  #add(draft: Draft): void {
    const { definition, template } = draft;
    if (this.#isOverLimit || !this.#isEnabled(definition)) return;
    // Of a type that nothing else can stand for, and made of no others.
    if (!this.#hasRegistry && composerOf(definition.type) === undefined) {
      this.#flat.push({ definition, template, typeName: definition.type, composition: undefined, isBroken: false });
      return;
    }
    const before = this.#problems.length;
    const typeName = this.#hasRegistry ? this.#collect(() => this.#typeNameOf(definition)) : definition.type;
    const composed = typeName === undefined ? undefined : this.#collect(() => this.#compose(draft, typeName));
    if (composed === undefined) {
      const isBroken = this.#problems.length > before;
      this.#flat.push({ definition, template, typeName, composition: undefined, isBroken });
      return;
    }
    const members = composed.members.filter((member) => this.#isEnabled(member.definition));
    const place: Place = { path: definition.path, source: template.source };
    const names = members.map((member) => member.definition.name);
    this.#flat.push({
      definition: {
        ...definition,
        inputs: { ...composed.published, [MEMBERS]: new EndOf(place, names) },
      },
      template,
      typeName,
      composition: { ...composed.composition, members: names },
      isBroken: false,
    });
    this.#checkSize(draft, members.length);
    for (const member of members) this.#add(member);
  }

  #compose(draft: Draft, typeName: string): Composed | undefined {
    const compose = composerOf(typeName);
    if (compose === undefined) return undefined;
    if (draft.depth >= MAX_NESTED_DEPTH) {
      throw new RequestLimitExceeded({
        what: `Request limit exceeded: Recursion depth exceeds ${MAX_NESTED_DEPTH}.`,
        where: draft.template.source.locate([...draft.definition.path, 'type']),
        why: `'${draft.definition.name}' is nested in ${draft.depth} templates.`,
        fix: 'A template that contains itself never ends; break the circle, or nest less deeply.',
      });
    }
    return compose(this, draft, typeName);
  }

  #typeNameOf(definition: ResourceDefinition): string | undefined {
    return lookUpType(this.options.environment.resourceRegistry, definition.type, definition.name.split('/'));
  }

  #isEnabled({ condition }: ResourceDefinition): boolean {
    if (condition === undefined) return true;
    return this.#collect(() => evaluateCondition(condition as ConditionExpression, this.scope)) ?? false;
  }

  #checkSize({ definition, template }: Draft, members: number): void {
    const { maxResources } = this.options;
    if (this.#flat.length + members <= maxResources) return;
    this.#isOverLimit = true;
    this.#problems.push(
      new RequestLimitExceeded({
        what: `Request limit exceeded: You have reached the maximum resources per stack, ${maxResources}.`,
        where: template.source.locate(definition.path),
        why: `'${definition.name}' is made of ${members} more.`,
        fix: "Split the stack, or raise the limit by the engine's option 'limits.maxResources'.",
      }),
    );
  }

  /** The result of `attempt`, or undefined with its problems noted. */
  #collect<T>(attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (!isHotloomError(error) || error.code === 'InternalError') throw error;
      if (error instanceof TemplateInvalid) this.#problems.push(...error.problems);
      else this.#problems.push(error);
      return undefined;
    }
  }
}

type Composer = (flattener: Flattener, draft: Draft, typeName: string) => Composed | undefined;

const COMPOSERS: ReadonlyMap<string, Composer> = new Map<string, Composer>([
  ['OS::Heat::ResourceGroup', composeGroup],
  ['OS::Heat::ResourceChain', composeChain],
  ['OS::Heat::Stack', composeHeatStack],
]);

/** How a resource of the type is made of others; undefined for one that is not. */
function composerOf(typeName: string): Composer | undefined {
  return isTemplateFile(typeName) ? composeTemplate : COMPOSERS.get(typeName);
}
