import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { isHotloomError } from '../src/errors.ts';
import { parseEnvironment } from '../src/template/environment.ts';
import { parseTemplate } from '../src/template/template.ts';
import { TEMPLATE_VERSIONS } from '../src/template/version.ts';
import { loadDocument } from '../src/template/yaml.ts';
import { asJson, type Json, type JsonObject } from '../src/values.ts';
import { fuzzCases, inputOf } from './fuzz/cases.ts';
import { readSeeds } from './fuzz/seeds.ts';
import { runs } from './random.ts';
import { schemaFiles } from './schemas/files.ts';

const folder = new URL('../schemas/', import.meta.url);
const ajv = new Ajv({ strict: false });
const compile = (path: string): ValidateFunction =>
  ajv.compile(JSON.parse(readFileSync(new URL(path, folder), 'utf8')) as JsonObject);
const environments = compile('environment.schema.json');
const templates = new Map(
  TEMPLATE_VERSIONS.flatMap((version) => {
    const validate = compile(`template/${version.name}.schema.json`);
    return [version.name, ...version.aliases].map((name) => [name, validate] as const);
  }),
);

/** What the schema of its version says of a document; the empty list when nothing is wrong. */
function misfits(document: Json, validate?: ValidateFunction): readonly string[] {
  const version = String((document as JsonObject).heat_template_version);
  const schema = validate ?? templates.get(version) ?? templates.get('2021-04-16');
  if (schema?.(document) === true) return [];
  return (schema?.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const read = (text: string): JsonObject => loadDocument(text).data;

describe('the files in schemas/', () => {
  test.each([...schemaFiles()])('%s is what npm run schemas writes', (path, text) => {
    expect(readFileSync(new URL(path, folder), 'utf8')).toBe(text);
  });

  test('there is one for each version, and no other', () => {
    expect(readdirSync(new URL('template/', folder)).sort()).toEqual(
      TEMPLATE_VERSIONS.map(({ name }) => `${name}.schema.json`).sort(),
    );
  });
});

describe('templates', () => {
  test('of the examples are right', async () => {
    const etcd = (await import('../examples/etcd/template.mjs')) as { etcdTemplate(names: string[]): Json };
    const cluster = (await import('../examples/cluster/template.mjs')) as { clusterTemplate(size: number): Json };
    const file = new URL('../examples/two-machines/template.yaml', import.meta.url);
    for (const document of [
      etcd.etcdTemplate(['a', 'b']),
      cluster.clusterTemplate(3),
      read(readFileSync(file, 'utf8')),
    ]) {
      expect(misfits(document)).toEqual([]);
    }
  });

  test.each([
    ['an alias of the version', '{heat_template_version: wallaby}'],
    ['empty sections', '{heat_template_version: 2021-04-16, parameters: , resources: [], outputs: {}}'],
    ['data that looks like a call', '{heat_template_version: 2021-04-16, outputs: {o: {value: {get_attr: 1, b: 2}}}}'],
    ['a condition', '{heat_template_version: newton, conditions: {c: {not: {equals: [1, 2]}}}}'],
    ['an if without an else', '{heat_template_version: 2021-04-16, outputs: {o: {value: {if: [true, 1]}}}}'],
    [
      'a policy from a parameter',
      '{heat_template_version: 2021-04-16, resources: {r: {type: T, deletion_policy: {get_param: p}}}}',
    ],
    [
      'any policy with an external_id',
      '{heat_template_version: 2021-04-16, resources: {r: {type: T, external_id: a, deletion_policy: 1}}}',
    ],
    [
      'the first of two constraints in one item',
      '{heat_template_version: 2021-04-16, parameters: {p: {type: number, constraints: [{range: {min: 1}, length: x}]}}}',
    ],
    [
      'inputs and outputs of a resource',
      '{heat_template_version: hotloom-1, resources: {r: {type: T, inputs: {a: {get_data: b.c}}, outputs: {d: {needs: [a]}}}}}',
    ],
  ])('right: %s', (_what, text) => expect(misfits(read(text))).toEqual([]));

  test.each([
    ['no version', '{resources: {}}'],
    ['an unknown version', '{heat_template_version: 2020-01-01}'],
    ['an unknown section', '{heat_template_version: 2021-04-16, resource: {}}'],
    ['conditions before they were there', '{heat_template_version: 2015-10-15, conditions: {}}'],
    ['a resource without a type', '{heat_template_version: 2021-04-16, resources: {r: {properties: {}}}}'],
    ['a wrong key of a resource', '{heat_template_version: 2021-04-16, resources: {r: {type: T, propertys: {}}}}'],
    ['a name with a slash', '{heat_template_version: 2021-04-16, resources: {a/b: {type: T}}}'],
    [
      'the section inputs in a version of Heat',
      '{heat_template_version: 2021-04-16, resources: {r: {type: T, inputs: {}}}}',
    ],
    ['an unknown policy', '{heat_template_version: 2021-04-16, resources: {r: {type: T, deletion_policy: keep}}}'],
    ['a parameter without a type', '{heat_template_version: 2021-04-16, parameters: {p: {default: 1}}}'],
    ['tags before they were there', '{heat_template_version: 2016-10-14, parameters: {p: {type: json, tags: [a]}}}'],
    [
      'an unknown constraint',
      '{heat_template_version: 2021-04-16, parameters: {p: {type: json, constraints: [{size: 1}]}}}',
    ],
    [
      'modulo before it was there',
      '{heat_template_version: 2015-04-30, parameters: {p: {type: number, constraints: [{modulo: {step: 2, offset: 0}}]}}}',
    ],
    ['an output without a value', '{heat_template_version: 2021-04-16, outputs: {o: {valeu: 1}}}'],
    [
      'an if without an else in an older version',
      '{heat_template_version: rocky, outputs: {o: {value: {if: [true, 1]}}}}',
    ],
    ['arguments that are no list', '{heat_template_version: 2021-04-16, outputs: {o: {value: [{get_attr: r}]}}}'],
    ['a function that is gone', '{heat_template_version: 2021-04-16, outputs: {o: {value: {Ref: r}}}}'],
    [
      'a function that no condition may call',
      '{heat_template_version: 2021-04-16, conditions: {c: {get_attr: [a, b]}}}',
    ],
    [
      'a wrong call far inside',
      '{heat_template_version: 2021-04-16, resources: {r: {type: T, properties: {a: [{b: {list_join: x}}]}}}}',
    ],
  ])('wrong: %s', (_what, text) => {
    expect(() => parseTemplate(text)).toThrow();
    expect(misfits(read(text))).not.toEqual([]);
  });

  test('the functions of a version are those of its table, and get_data is ours alone', () => {
    const call = (version: string): readonly string[] =>
      misfits({ heat_template_version: version, outputs: { o: { value: { get_data: 1 } } } });
    expect(call('hotloom-1')).toEqual([]);
    expect(call('2021-04-16')).toEqual([]); // data there, since it is no function
  });
});

describe('environments', () => {
  test.each([
    ['{parameters: {a: 1}, parameter_defaults: [], resource_registry: {A: B, C: null, resources: {r: {}}}}'],
    ['{encrypted_param_names: [a], event_sinks: {}, parameter_merge_strategies: {default: merge}}'],
  ])('right: %s', (text) => {
    expect(() => parseEnvironment(text)).not.toThrow();
    expect(misfits(read(text), environments)).toEqual([]);
  });

  test.each([
    ['{parameter: {a: 1}}'],
    ['{parameters: null}'],
    ['{parameters: [1]}'],
    ['{resource_registry: []}'],
    ['{resource_registry: {A: 1}}'],
    ['{event_sinks: {a: 1}}'],
  ])('wrong: %s', (text) => {
    expect(() => parseEnvironment(text)).toThrow();
    expect(misfits(read(text), environments)).not.toEqual([]);
  });
});

describe('the schemas are never stricter than the engine', () => {
  const seeds = readSeeds();

  /** What `parse` makes of an input; undefined when it refuses it. */
  function accepted<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!isHotloomError(error)) throw error;
      return undefined;
    }
  }

  /** Those in CloudFormation's language have schemas of their own, not of this project. */
  function isHot(document: JsonObject): boolean {
    return Object.hasOwn(document, 'heat_template_version');
  }

  test('with the recorded templates of Heat', () => {
    for (const { id, text } of seeds.all) {
      const document = accepted(() => parseTemplate(text, { duplicateKeys: 'last' }))?.document;
      if (document !== undefined && isHot(document))
        expect({ id, misfits: misfits(document) }).toEqual({ id, misfits: [] });
    }
  });

  test('with mutations of them', () => {
    fc.assert(
      fc.property(fuzzCases(seeds), (fuzzCase) => {
        const { template, environments: given } = inputOf(seeds, fuzzCase);
        const document = accepted(() => parseTemplate(template))?.document;
        if (document !== undefined && isHot(document)) expect(misfits(document)).toEqual([]);
        for (const environment of given) {
          if (typeof environment === 'string' || accepted(() => parseEnvironment([environment])) === undefined)
            continue;
          expect(misfits(asJson(environment), environments)).toEqual([]);
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});
