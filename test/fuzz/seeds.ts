import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';

/** What an engine is given: a template with its surroundings, as text and as data. */
export interface Seed {
  readonly id: string;
  readonly text: string;
  readonly template: unknown;
  readonly environment: unknown;
  readonly parameters: unknown;
  readonly files: Record<string, string>;
}

/** Seeds that are right as they are stand first; mutations of these come farthest. */
export interface Seeds {
  readonly all: readonly Seed[];
  readonly right: number;
}

interface Vector {
  readonly id: string;
  readonly template: string;
  readonly environment?: unknown;
  readonly parameters?: Record<string, unknown>;
  readonly files?: Record<string, string>;
  readonly expect?: { readonly valid?: boolean };
}

/** Parts of the language that the recorded templates of Heat do not have, or have only in templates that are refused. */
const OWN: readonly Vector[] = [
  {
    id: 'hotloom-1',
    template: `
heat_template_version: hotloom-1
parameters:
  secret: {type: string, hidden: true, default: hush-hush, constraints: [{length: {min: 2}}, {allowed_pattern: '[a-z-]+'}]}
resources:
  a:
    type: Local::Process
    properties: {command: [node, '-e', {get_param: secret}]}
    inputs: {peer: {get_attr: [b, address]}, outside: {get_data: other.stack.name}}
    outputs: {address: {schema: {type: string}, needs: []}, url: {needs: [peer]}}
  b:
    type: Local::Process
    properties: {command: [node]}
    inputs: {peer: {get_attr: [a, address]}}
    outputs: {address: {needs: []}}
  c: {type: Local::Script, properties: {command: [sh]}, depends_on: a}
outputs:
  url: {value: {get_attr: [a, url]}}
`,
  },
  {
    id: 'every section',
    environment: `
parameters: {size: 3}
parameter_defaults: {names: [x, y], nobody: 1}
resource_registry: {"My::Type": "OS::Heat::None"}
encrypted_param_names: [size]
event_sinks: []
parameter_merge_strategies: {default: overwrite, size: overwrite}
`,
    template: `
heat_template_version: 2021-04-16
description: Every section, and most keys.
parameter_groups: [{label: all, description: text, parameters: [size, names]}, {parameters: [policy]}]
parameters:
  size: {type: number, default: 1, constraints: [{range: {min: 1, max: 9}}, {modulo: {step: 1, offset: 0}}], tags: [a]}
  names: {type: comma_delimited_list, default: 'a,b', label: Names, immutable: true}
  data: {type: json, default: {a: {b: [1, 2]}}, hidden: true}
  policy: {type: string, default: retain, constraints: [{allowed_values: [retain, delete], description: one of them}]}
  flag: {type: boolean, default: on}
conditions:
  big: {equals: [{get_param: size}, 3]}
  both: {and: [big, {not: {get_param: flag}}]}
  either: {or: [both, {equals: [{get_param: [names, 0]}, a]}, true]}
resources:
  first:
    type: OS::Heat::Value
    condition: either
    description: the first
    deletion_policy: {get_param: policy}
    update_policy: {rolling: {max: {get_param: size}}}
    metadata: {me: {get_param: 'OS::stack_name'}}
    properties: {type: json, value: {list: {get_param: names}, part: {get_param: [data, a, b, 1]}}}
  second:
    type: My::Type
    depends_on: [first, third]
    metadata: {if: [big, {text: {str_replace: {template: A and B, params: {A: {get_attr: [first, value]}, B: x}}}}]}
  third:
    type: OS::Heat::TestResource
    condition: {not: both}
    properties:
      value: {list_join: [', ', {get_param: names}, [{get_resource: first}, {get_attr: [first, value, list, 0]}]]}
      fail: {if: [both, true, false]}
  fourth: {type: OS::Heat::RandomString, external_id: some-id, properties: {length: {get_param: size}}}
outputs:
  all: {description: text, condition: big, value: {get_attr: [third]}}
  one: {value: [{get_attr: [third, output]}, {if: [big, {get_resource: second}]}, {get_attr: [first, show]}]}
`,
  },
];

/** The recorded templates of test/conformance, and some of our own. */
export function readSeeds(): Seeds {
  const folder = new URL('../conformance/vectors/', import.meta.url);
  const recorded = readdirSync(folder)
    .sort()
    .flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Vector[]);
  const isRight = ({ expect }: Vector): boolean => expect?.valid !== false;
  // Our own stand there often, since nothing else has what they have.
  const right = [...Array.from({ length: 50 }, () => OWN).flat(), ...recorded.filter(isRight)];
  return { right: right.length, all: [...right, ...recorded.filter((vector) => !isRight(vector))].map(seedOf) };
}

function seedOf({ id, template, environment = {}, parameters = {}, files = {} }: Vector): Seed {
  return {
    id,
    text: template,
    template: loadOrText(template),
    environment: typeof environment === 'string' ? loadOrText(environment) : environment,
    parameters,
    files,
  };
}

/** Some recorded templates are no YAML. */
function loadOrText(text: string): unknown {
  try {
    return load(text);
  } catch {
    return text;
  }
}
