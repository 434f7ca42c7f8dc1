import type { Path } from '../../source.ts';
import type { Json } from '../../values.ts';
import {
  type Expression,
  FunctionCall,
  pathAttribute,
  type Reference,
  type ResolveScope,
  resolveExpression,
  type StaticScope,
  type Surroundings,
  toHot,
  visitReferences,
} from '../expression.ts';
import type { CallSite, ParseCall } from '../parser.ts';
import { isTrueInPython } from '../python.ts';
import { referenceError, unknownResource } from '../references.ts';
import { selectLikeAttribute } from '../select.ts';

const ONE_FORM = '[resource_name, attribute, (path), ...]';
/** One list for all calls that ask for no part, which most are. */
const NO_PARTS: readonly never[] = Object.freeze([]);
const FIX = 'Write {get_attr: [resource, attribute]}, with keys and indexes behind for a part of the value.';

/**
 * `get_attr: [resource, attribute, key or index, ...]`. A part that is not there is null. Resource and attribute may be
 * calls that are known before the run, the path any calls (heat/engine/hot/functions.py, GetAttThenSelect, GetAtt and
 * GetAttAllAttributes). Since 2015-10-15 `get_attr: [resource]` is a map of all its attributes.
 */
export class GetAttr extends FunctionCall {
  readonly #resource: Expression;
  /** `undefined`: all of them. */
  readonly #attribute: Expression | undefined;
  readonly #parts: readonly Expression[];
  readonly #asksForPath: boolean;
  /** What nearly every call is, so it is made once: the names are written out, and no part is asked for. */
  readonly #simple: readonly [Extract<Reference, { kind: 'attribute' }>] | undefined;
  /** Of a simple call where the template has the resource: it is resolved without a look at other objects. */
  readonly #position: number | undefined;

  constructor(
    path: Path,
    surroundings: Surroundings,
    resource: Expression,
    attribute: Expression | undefined,
    parts: readonly Expression[],
    asksForPath: boolean,
  ) {
    super(path, surroundings);
    this.#asksForPath = asksForPath;
    this.#resource = resource;
    this.#attribute = attribute;
    this.#parts = parts.length === 0 ? NO_PARTS : parts;
    if (typeof resource !== 'string' || typeof attribute !== 'string' || parts.length > 0) return;
    const position = surroundings.resources.get(resource);
    if (position === undefined) return;
    this.#simple = [{ kind: 'attribute', resource, attribute, path, position }];
    this.#position = position;
  }

  get name(): string {
    return 'get_attr';
  }

  /** Until 2015-04-30 the attribute has to be named. */
  static readonly parseOne: ParseCall = (args, site) => parse(args, site, false);

  static readonly parse: ParseCall = (args, site) => parse(args, site, true);

  override get fixedReferences(): readonly Reference[] | undefined {
    return this.#simple;
  }

  override get isRead(): boolean {
    return this.#simple !== undefined;
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    if (this.#simple !== undefined) {
      visit(this.#simple[0]);
      return;
    }
    for (const part of this.#parts) visitReferences(part, scope, visit);
    const resource = this.#resourceName(scope);
    for (const attribute of this.#attributes(resource, scope)) {
      visit({ kind: 'attribute', resource, attribute, path: this.path });
    }
  }

  override resolve(scope: ResolveScope): Json {
    if (this.#position !== undefined) {
      return scope.attribute(this.#resource as string, this.#attribute as string, this.#position);
    }
    const resource = this.#resourceName(scope);
    const attributes = this.#attributes(resource, scope);
    if (this.#attribute === undefined) {
      return Object.fromEntries(attributes.map((attribute) => [attribute, scope.attribute(resource, attribute)]));
    }
    const value = scope.attribute(resource, attributes[0] as string);
    if (this.#isSelectedThere(resource, scope)) return value;
    return selectLikeAttribute(
      value,
      this.#parts.map((part) => resolveExpression(part, scope) ?? null),
    );
  }

  override toHot(): Json {
    const attribute = this.#attribute === undefined ? [] : [this.#attribute];
    return { [this.name]: [this.#resource, ...attribute, ...this.#parts].map(toHot) };
  }

  #resourceName(scope: StaticScope): string {
    const resource = this.known(this.#resource, scope);
    const { resources } = this.surroundings;
    if (typeof resource === 'string' && resources.has(resource)) return resource;
    throw referenceError(unknownResource(String(resource), this.path, resources.keys()), this.location);
  }

  #attributes(resource: string, scope: StaticScope): readonly string[] {
    if (this.#attribute === undefined) {
      const attributes = scope.attributes?.(resource);
      if (attributes !== undefined) return attributes;
      throw this.refusal({
        what: `All attributes of the resource '${resource}' are asked for, and they are not known here.`,
        why: 'What attributes a resource has depends on its type.',
        fix: `Name the attribute: {get_attr: [${resource}, attribute]}.`,
      });
    }
    const attribute = this.known(this.#attribute, scope);
    if (typeof attribute === 'string') {
      return [this.#isSelectedThere(resource, scope) ? pathAttribute(attribute, this.#knownParts(scope)) : attribute];
    }
    throw this.refusal({
      what: `The Referenced Attribute (${resource} ${String(attribute)}) is incorrect.`,
      why: 'Only a text can name an attribute.',
      fix: FIX,
    });
  }

  /** In 2013-05-23 a path is taken of the attribute's value in any case (GetAttThenSelect). */
  #isSelectedThere(resource: string, scope: StaticScope): boolean {
    return this.#asksForPath && this.#parts.length > 0 && scope.selectsItself?.(resource) === true;
  }

  #knownParts(scope: StaticScope): readonly Json[] {
    return this.#parts.map((part) => this.known(part, scope));
  }
}

function parse(args: Json, site: CallSite, allowsAll: boolean): GetAttr | undefined {
  const parsed = site.expression(args);
  const forms = (): string =>
    allowsAll
      ? `Arguments to "${site.name}" can be of the next forms: [resource_name] or ${ONE_FORM}`
      : `Arguments to "${site.name}" must be of the form ${ONE_FORM}`;
  if (allowsAll && !(parsed instanceof FunctionCall) && !isTrueInPython(parsed as Json)) {
    return site.refuse(forms(), 'It does not say which resource.', FIX);
  }
  if (!Array.isArray(parsed)) {
    return site.refuse(
      `Argument to "${site.name}" must be a list`,
      'It needs the name of a resource and that of an attribute.',
      FIX,
    );
  }
  const [resource, attribute, ...parts] = parsed as readonly Expression[];
  if (resource === undefined || (attribute === undefined && !allowsAll)) {
    return site.refuse(forms(), 'It does not say which attribute.', FIX);
  }
  const wrong = isContainer(resource) ? 'resource' : isContainer(attribute) ? 'attribute' : undefined;
  if (wrong !== undefined) {
    return site.refuse(`The ${wrong} in "${site.name}" must be a string`, 'Lists and maps are no names.', FIX);
  }
  if (!(resource instanceof FunctionCall)) site.checkResource(String(resource), true);
  // `null` for the attribute means none, as in Heat.
  const named = allowsAll && attribute === null ? undefined : attribute;
  return new GetAttr(site.path, site.surroundings, resource, named, parts, site.version.name !== '2013-05-23');
}

function isContainer(name: Expression | undefined): boolean {
  return typeof name === 'object' && name !== null && !(name instanceof FunctionCall);
}
