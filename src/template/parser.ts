import { InternalError, InvalidTemplateReference } from '../errors.ts';
import { type Path, printPath } from '../source.ts';
import type { Json, JsonObject } from '../values.ts';
import { type Expression, FunctionCall, type Surroundings } from './expression.ts';
import type { ErrorClass, Problems } from './problems.ts';
import { unknownCondition, unknownParameter, unknownResource } from './references.ts';
import type { TemplateVersion } from './version.ts';

/** Parses the arguments of one function. Returns undefined after it has told the site what is wrong with them. */
export type ParseCall = (args: Json, site: CallSite) => FunctionCall | undefined;

/** The functions that may be called somewhere, by name. */
export type FunctionTable = ReadonlyMap<string, ParseCall>;

/**
 * Which unknown names are problems already now. Heat resolves the properties of every enabled resource when it validates
 * (`all`), checks of an output only what `get_attr` names and its conditions (`attributes`), and never looks at what a
 * condition leaves out (`none`). What is not checked now is checked when references are listed, or when the value is
 * resolved.
 */
export type NameChecks = 'all' | 'attributes' | 'none';

/**
 * The expression that `data` is in a template of this version. A mapping with exactly one key that is a function of the
 * version is a call of it (heat/engine/template.py, parse); any other mapping is data. Parts without calls are returned
 * as they are. What is wrong is added to `problems`, with `path` as the way to `data`.
 */
export function parseExpression(
  data: Json,
  path: Path,
  version: TemplateVersion,
  problems: Problems,
  surroundings: Surroundings,
): Expression {
  return new Parser(version, problems, surroundings).expression(data, path);
}

/**
 * Parses the expressions of one template, as parseExpression does. It recurses as deep as the data is nested, which
 * loadDocument and asJson bound.
 */
export class Parser {
  readonly version: TemplateVersion;
  readonly problems: Problems;
  readonly surroundings: Surroundings;
  #functions: FunctionTable;
  #checks: NameChecks = 'all';
  /** The way to the node that is being parsed, copied only where a call keeps it. */
  #path: (string | number)[] = [];

  constructor(version: TemplateVersion, problems: Problems, surroundings: Surroundings) {
    this.version = version;
    this.problems = problems;
    this.surroundings = surroundings;
    this.#functions = version.functions;
  }

  /** The expression that `data`, which stands at `path`, is. */
  expression(data: Json, path: Path, checks: NameChecks = 'all'): Expression {
    return this.#start(data, path, checks, this.version.functions);
  }

  /** As `expression`, with the functions that conditions may call. */
  condition(data: Json, path: Path, checks: NameChecks = 'all'): Expression {
    return this.#start(data, path, checks, this.version.conditionFunctions);
  }

  /** An argument of the call that is being parsed; `steps` lead to it from the call. For CallSite. */
  argument(data: Json, steps: Path, checks: NameChecks, functions: FunctionTable = this.#functions): Expression {
    const [outerChecks, outerFunctions, depth] = [this.#checks, this.#functions, this.#path.length];
    this.#checks = checks;
    this.#functions = functions;
    for (const step of steps) this.#path.push(step);
    const parsed = this.#node(data);
    this.#path.length = depth;
    this.#checks = outerChecks;
    this.#functions = outerFunctions;
    return parsed;
  }

  #start(data: Json, path: Path, checks: NameChecks, functions: FunctionTable): Expression {
    this.#path = [...path];
    this.#checks = checks;
    this.#functions = functions;
    return this.#node(data);
  }

  #node(data: Json): Expression {
    if (typeof data !== 'object' || data === null) return data;
    // No template comes out any more, and no problem either.
    if (this.problems.isFull) return data;
    if (Array.isArray(data)) return this.#list(data);
    const map = data as JsonObject;
    const keys = Object.keys(map);
    if (keys.length === 1) {
      const name = keys[0] as string;
      const parseCall = this.#functions.get(name);
      if (parseCall !== undefined) {
        const args = map[name] as Json;
        const site = new CallSite(this, name, [...this.#path], this.#checks);
        return parseCall(args, site) ?? new RefusedCall(site, args);
      }
    }
    let copy: Record<string, Expression> | undefined;
    for (const key of keys) {
      const item = map[key] as Json;
      if (typeof item !== 'object' || item === null) continue;
      this.#path.push(key);
      const parsed = this.#node(item);
      this.#path.pop();
      if (parsed === item) continue;
      // A spread makes own properties, and so a later assignment to `__proto__` meets one and not the setter.
      copy ??= { ...map };
      copy[key] = parsed;
    }
    return copy ?? map;
  }

  #list(list: readonly Json[]): Expression {
    let copy: Expression[] | undefined;
    for (let index = 0; index < list.length; index += 1) {
      const item = list[index] as Json;
      if (typeof item !== 'object' || item === null) continue;
      this.#path.push(index);
      const parsed = this.#node(item);
      this.#path.pop();
      if (parsed === item) continue;
      copy ??= [...list];
      copy[index] = parsed;
    }
    return copy ?? list;
  }
}

/**
 * Stands in for a call whose arguments are wrong. The problem is noted, so that no template comes out that has one; but what
 * stands around it is a call as well, and has to see one.
 */
export class RefusedCall extends FunctionCall {
  readonly name: string;
  readonly #args: Json;

  constructor(site: CallSite, args: Json) {
    super(site.path, site.surroundings);
    this.name = site.name;
    this.#args = args;
  }

  override references(): void {}

  override resolve(): never {
    throw new InternalError(`A call of ${this.name} with wrong arguments is resolved.`);
  }

  override toHot(): Json {
    return { [this.name]: this.#args };
  }
}

/** The call that is being parsed, for the parse function of its class. */
export class CallSite {
  readonly name: string;
  /** The way to the mapping that is the call. */
  readonly path: Path;
  readonly checks: NameChecks;
  readonly #parser: Parser;

  constructor(parser: Parser, name: string, path: Path, checks: NameChecks) {
    this.#parser = parser;
    this.name = name;
    this.path = path;
    this.checks = checks;
  }

  get version(): TemplateVersion {
    return this.#parser.version;
  }

  get surroundings(): Surroundings {
    return this.#parser.surroundings;
  }

  /** Parses an argument; `steps` lead to it from the function's name. */
  expression(data: Json, ...steps: readonly (string | number)[]): Expression {
    return this.#parser.argument(data, [this.name, ...steps], this.checks);
  }

  /** Parses an argument that may never be evaluated, so that names in it may be unknown. */
  branch(data: Json, ...steps: readonly (string | number)[]): Expression {
    return this.#parser.argument(data, [this.name, ...steps], 'none');
  }

  /** Parses an argument that is a condition. */
  condition(data: Json, ...steps: readonly (string | number)[]): Expression {
    const { conditionFunctions } = this.#parser.version;
    return this.#parser.argument(data, [this.name, ...steps], this.checks, conditionFunctions);
  }

  /** Notes that the call is wrong; `message` is Heat's, without the place. */
  refuse(message: string, why: string, fix: string, Class?: ErrorClass): undefined {
    const what = `${printPath([...this.path, this.name])}: ${message}`;
    const { path } = this;
    this.#parser.problems.add({ path, what, why, fix, ...(Class === undefined ? {} : { Class }) });
    return undefined;
  }

  /** Notes an unknown parameter where `checks` asks for it. */
  checkParameter(name: string): void {
    const { parameters } = this.surroundings;
    if (this.checks !== 'all' || parameters.has(name)) return;
    this.#addReference(this.path, unknownParameter(name, parameters));
  }

  /** Notes an unknown resource where `checks` asks for it; `isAttribute`: it is `get_attr` that names it. */
  checkResource(name: string, isAttribute: boolean): void {
    const { resources } = this.surroundings;
    if (this.checks === 'none' || (this.checks === 'attributes' && !isAttribute) || resources.has(name)) return;
    this.#addReference(this.path, unknownResource(name, this.path, resources.keys()));
  }

  /** Notes an unknown condition where `checks` asks for it. */
  checkCondition(name: string): void {
    const { conditions } = this.surroundings;
    if (this.checks === 'none' || conditions.has(name)) return;
    this.#addReference([...this.path, this.name, 0], unknownCondition(name, conditions));
  }

  #addReference(path: Path, fields: { readonly what: string; readonly why: string; readonly fix: string }): void {
    this.#parser.problems.add({ path, Class: InvalidTemplateReference, ...fields });
  }
}
