import type { Path } from '../../source.ts';
import type { Json } from '../../values.ts';
import {
  type Expression,
  FunctionCall,
  REFID,
  type Reference,
  type ResolveScope,
  type StaticScope,
  type Surroundings,
  toHot,
  visitReferences,
} from '../expression.ts';
import type { CallSite } from '../parser.ts';
import { pythonText } from '../python.ts';
import { referenceError, unknownResource } from '../references.ts';

/** `get_resource: name`: Heat's reference id of a resource (heat/engine/hot/functions.py, GetResource). */
export class GetResource extends FunctionCall {
  readonly name = 'get_resource';
  readonly #resource: Expression;
  /** What nearly every call is, so it is made once: the name is written out. */
  readonly #simple: readonly [Extract<Reference, { kind: 'attribute' }>] | undefined;
  /** In an output, Heat tells of an unknown resource only when the output is read. */
  readonly #isChecked: boolean;

  constructor(path: Path, surroundings: Surroundings, resource: Expression, isChecked: boolean) {
    super(path, surroundings);
    this.#resource = resource;
    this.#isChecked = isChecked;
    const position = typeof resource === 'string' ? surroundings.resources.get(resource) : undefined;
    if (position !== undefined) {
      this.#simple = [{ kind: 'attribute', resource: resource as string, attribute: REFID, path, position }];
    }
  }

  override get fixedReferences(): readonly Reference[] | undefined {
    return this.#simple;
  }

  override get isRead(): boolean {
    return this.#simple !== undefined;
  }

  static parse(args: Json, site: CallSite): GetResource | undefined {
    const resource = site.expression(args);
    if (typeof resource === 'object' && resource !== null && !(resource instanceof FunctionCall)) {
      return site.refuse(
        `Argument to "${site.name}" must be a string`,
        `It is a ${Array.isArray(resource) ? 'list' : 'map'}, which cannot name a resource.`,
        'Write {get_resource: name}; for an attribute write {get_attr: [name, attribute]}.',
      );
    }
    if (!(resource instanceof FunctionCall)) site.checkResource(pythonText(resource as Json), false);
    return new GetResource(site.path, site.surroundings, resource, site.checks !== 'attributes');
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    if (this.#simple !== undefined) {
      visit(this.#simple[0]);
      return;
    }
    visitReferences(this.#resource, scope, visit);
    const resource = this.#resourceName(scope);
    const isKnown = this.surroundings.resources.has(resource);
    if (isKnown) visit({ kind: 'attribute', resource, attribute: REFID, path: this.path });
    else if (this.#isChecked) this.#refuseUnknown(resource);
  }

  override resolve(scope: ResolveScope): Json {
    if (this.#simple !== undefined) {
      const { resource, attribute, position } = this.#simple[0];
      return scope.attribute(resource, attribute, position);
    }
    const resource = this.#resourceName(scope);
    if (!this.surroundings.resources.has(resource)) this.#refuseUnknown(resource);
    return scope.attribute(resource, REFID);
  }

  override toHot(): Json {
    return { [this.name]: toHot(this.#resource) };
  }

  #resourceName(scope: StaticScope): string {
    return pythonText(this.known(this.#resource, scope));
  }

  #refuseUnknown(resource: string): never {
    throw referenceError(unknownResource(resource, this.path, this.surroundings.resources.keys()), this.location);
  }
}
