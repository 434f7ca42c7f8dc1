import { readdirSync, readFileSync } from 'node:fs';
import type { TypeSource } from '../../resource/registry.ts';
import type { PlainType } from '../../resource/resource-type.ts';
import { type DefinedHandler, definedType } from './defined-type.ts';
import type { TypeDefinition } from './definition.ts';
import { otherName } from './other-names.ts';

/** At the same distance from `src` and from `dist`. */
const FOLDER = new URL('../../../schemas/resource-types/', import.meta.url);

type Definitions = ReadonlyMap<string, TypeDefinition>;

const EMPTY: Definitions = new Map();
const services = new Map<string, Definitions>();
const types = new Map<string, PlainType>();
let fileNames: ReadonlySet<string> | undefined;

/**
 * The definition of one of Heat's resource types; undefined for a type that Heat does not have and for those that this
 * library has as code. The file of a service is read when one of its types is first asked for.
 */
export function findDefinition(type: string): TypeDefinition | undefined {
  const service = serviceOf(type);
  return service === undefined ? undefined : definitionsOf(service).get(type);
}

/** The names of all definitions, by service. Reads every file. */
export function definitionNames(): readonly string[] {
  return [...serviceNames()].flatMap((service) => [...definitionsOf(service).keys()]);
}

/**
 * One of Heat's resource types with a handler of yours, to be registered: properties, attributes and checks are Heat's.
 * Undefined when there is no definition of that name.
 */
export function heatType(name: string, handler: DefinedHandler): PlainType | undefined {
  const definition = findDefinition(name);
  return definition === undefined ? undefined : definedType(name, definition, handler);
}

/** Heat's resource types by their definitions, without handlers, each made when it is first asked for. */
export const definedTypes: TypeSource = {
  get names() {
    return definitionNames();
  },
  otherName,
  find(name) {
    const known = types.get(name);
    if (known !== undefined) return known;
    const definition = findDefinition(name);
    if (definition === undefined) return undefined;
    const type = definedType(name, definition);
    types.set(name, type);
    return type;
  },
};

/** `nova` of `OS::Nova::Server`; `aws` of every type of AWS. */
function serviceOf(type: string): string | undefined {
  const [vendor, service] = type.split('::');
  if (vendor === 'AWS') return 'aws';
  return vendor === 'OS' ? service?.toLowerCase() : undefined;
}

function definitionsOf(service: string): Definitions {
  let definitions = services.get(service);
  if (definitions === undefined) {
    if (!serviceNames().has(service)) return EMPTY;
    const text = readFileSync(new URL(`${service}.json`, FOLDER), 'utf8');
    definitions = new Map(Object.entries(JSON.parse(text) as { [type: string]: TypeDefinition }));
    services.set(service, definitions);
  }
  return definitions;
}

function serviceNames(): ReadonlySet<string> {
  fileNames ??= new Set(
    readdirSync(FOLDER)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .sort(),
  );
  return fileNames;
}
