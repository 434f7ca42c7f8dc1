import { EntityNotFound } from '../errors.ts';
import type { Path, Source } from '../source.ts';
import {
  type Expression,
  FunctionCall,
  pathAttribute,
  type Reference,
  type ResolveScope,
  resolveExpression,
  type StaticScope,
  visitReferences,
} from '../template/expression.ts';
import { selectLikeAttribute } from '../template/select.ts';
import type { Json } from '../values.ts';
import { NESTED_ID, NESTED_NAME } from './composition.ts';

// What a composition's attributes are made of, in the root template's scope. No template can write these calls.

/** Where the composition stands in its template, for errors. */
export interface Place {
  readonly path: Path;
  readonly source: Source;
}

/** An attribute of a member, or a part of it. */
export class MemberAttribute extends FunctionCall {
  readonly name = 'get_attr';
  readonly #member: string;
  readonly #attribute: string;
  readonly #parts: readonly Json[];
  readonly #source: Source;

  constructor(place: Place, member: string, attribute: string, parts: readonly Json[] = []) {
    super(place.path);
    this.#source = place.source;
    this.#member = member;
    this.#attribute = attribute;
    this.#parts = parts;
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    const [attribute] = this.#asked(scope);
    visit({ kind: 'attribute', resource: this.#member, attribute, path: this.path, source: this.#source });
  }

  override resolve(scope: ResolveScope): Json {
    const [attribute, parts] = this.#asked(scope);
    return selectLikeAttribute(scope.attribute(this.#member, attribute), parts);
  }

  override toHot(): Json {
    return { [this.name]: [this.#member, this.#attribute, ...this.#parts] };
  }

  #asked(scope: StaticScope): readonly [attribute: string, parts: readonly Json[]] {
    return this.#parts.length > 0 && scope.selectsItself?.(this.#member) === true
      ? [pathAttribute(this.#attribute, this.#parts), []]
      : [this.#attribute, this.#parts];
  }
}

/** A part of a value, as `get_attr` selects it. */
export class Selection extends FunctionCall {
  readonly name = 'get_attr';
  readonly #value: Expression;
  readonly #parts: readonly Json[];

  constructor(value: Expression, parts: readonly Json[]) {
    super([]);
    this.#value = value;
    this.#parts = parts;
  }

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    visitReferences(this.#value, scope, visit);
  }

  override resolve(scope: ResolveScope): Json {
    return selectLikeAttribute(resolveExpression(this.#value, scope) ?? null, this.#parts);
  }

  override toHot(): Json {
    return null;
  }
}

/** An attribute that cannot be read: whoever resolves it is told why. */
export class Unreadable extends FunctionCall {
  readonly name = 'get_attr';
  readonly #what: string;
  readonly #fix: string;

  constructor(place: Place, what: string, fix: string) {
    super(place.path);
    this.#what = what;
    this.#fix = fix;
  }

  override references(): void {}

  override resolve(): Json {
    throw new EntityNotFound({ what: this.#what, why: 'The group has no such member or attribute.', fix: this.#fix });
  }

  override toHot(): Json {
    return null;
  }
}

/** The name or the id of a composition's nested stack, or the ARN that Heat makes of both. */
export class NestedIdentity extends FunctionCall {
  readonly name = 'get_resource';
  readonly #owner: string;
  readonly #form: 'name' | 'id' | 'arn';
  readonly #source: Source;

  constructor(place: Place, owner: string, form: 'name' | 'id' | 'arn') {
    super(place.path);
    this.#source = place.source;
    this.#owner = owner;
    this.#form = form;
  }

  override references(_: StaticScope, visit: (reference: Reference) => void): void {
    visit({ kind: 'attribute', resource: this.#owner, attribute: NESTED_NAME, path: this.path, source: this.#source });
  }

  /** Before the run a reference is the resource's bare name, as under Heat. */
  override resolve(scope: ResolveScope): Json {
    const name = scope.attribute(this.#owner, NESTED_NAME);
    if (typeof name !== 'string') return this.#owner.slice(this.#owner.lastIndexOf('/') + 1);
    if (this.#form === 'name') return name;
    const id = String(scope.attribute(this.#owner, NESTED_ID));
    return this.#form === 'id' ? id : `arn:openstack:heat::${projectOf(scope)}:stacks/${name}/${id}`;
  }

  override toHot(): Json {
    return null;
  }
}

function projectOf(scope: StaticScope): string {
  return String(scope.project ?? '');
}

/** Waits for the end of resources; its value says nothing. */
export class EndOf extends FunctionCall {
  readonly name = 'depends_on';
  readonly #resources: readonly string[];
  readonly #source: Source;

  constructor(place: Place, resources: readonly string[]) {
    super(place.path);
    this.#source = place.source;
    this.#resources = resources;
  }

  override references(_: StaticScope, visit: (reference: Reference) => void): void {
    for (const resource of this.#resources) visit({ kind: 'done', resource, path: this.path, source: this.#source });
  }

  override resolve(): Json {
    return null;
  }

  override toHot(): Json {
    return null;
  }
}
