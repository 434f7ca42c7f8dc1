import type { Path } from '../../source.ts';
import type { Json } from '../../values.ts';
import { listNames, suggest } from '../../wording.ts';
import {
  type Facade,
  FunctionCall,
  type Reference,
  type ResolveScope,
  type StaticScope,
  type Surroundings,
} from '../expression.ts';
import type { CallSite, ParseCall } from '../parser.ts';

const PARTS: ReadonlyMap<string, Facade> = new Map([
  ['metadata', 'metadata'],
  ['deletion_policy', 'deletionPolicy'],
  ['update_policy', 'updatePolicy'],
]);

const CFN_PARTS: ReadonlyMap<string, Facade> = new Map([
  ['Metadata', 'metadata'],
  ['DeletionPolicy', 'deletionPolicy'],
  ['UpdatePolicy', 'updatePolicy'],
]);

/**
 * `resource_facade: metadata | deletion_policy | update_policy`: a section of the resource that this template is the type
 * of (heat/engine/hot/functions.py, ResourceFacade).
 */
export class ResourceFacade extends FunctionCall {
  readonly name: string;
  readonly #part: Facade;
  readonly #argument: string;

  constructor(path: Path, surroundings: Surroundings, name: string, argument: string, part: Facade) {
    super(path, surroundings);
    this.name = name;
    this.#argument = argument;
    this.#part = part;
  }

  static readonly parse: ParseCall = (args, site) => parse(args, site, PARTS);

  static readonly parseCfn: ParseCall = (args, site) => parse(args, site, CFN_PARTS);

  override references(scope: StaticScope, visit: (reference: Reference) => void): void {
    scope.facadeReferences?.(this.#part, visit);
  }

  override resolve(scope: ResolveScope): Json {
    if (scope.facade !== undefined) return scope.facade(this.#part);
    throw this.refusal({
      what: `"${this.name}" is called in a template that is no resource's type.`,
      why: 'It asks for a section of the resource that the template stands for.',
      fix: 'Call it in a nested template only.',
    });
  }

  override toHot(): Json {
    return { [this.name]: this.#argument };
  }
}

function parse(args: Json, site: CallSite, parts: ReadonlyMap<string, Facade>): ResourceFacade | undefined {
  const part = typeof args === 'string' ? parts.get(args) : undefined;
  if (typeof args === 'string' && part !== undefined) {
    return new ResourceFacade(site.path, site.surroundings, site.name, args, part);
  }
  const names = [...parts.keys()];
  return site.refuse(
    `Incorrect arguments to "${site.name}" should be one of: ${names.join(', ')}`,
    'There are no other sections that a nested template may ask for.',
    `${typeof args === 'string' ? suggest(args, names) : ''}Write one of ${listNames(names)}.`,
  );
}
