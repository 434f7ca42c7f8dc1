import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isHotloomError } from '../../src/errors.ts';
import { printTemplate } from '../../src/template/print.ts';
import { MAX_PROBLEMS } from '../../src/template/problems.ts';
import { deletionPolicyOf, parseTemplate, type ResourceDefinition } from '../../src/template/template.ts';
import { TEMPLATE_VERSIONS } from '../../src/template/version.ts';
import { runs } from '../random.ts';
import { scopeOf, thrownBy } from './scope-of.ts';

const NEWEST = 'heat_template_version: 2021-04-16\n';
const OURS = 'heat_template_version: hotloom-1\n';

/** Code and first line of each problem of the template. */
function problemsOf(text: string): string[] {
  const error = thrownBy(() => parseTemplate(text, { file: 'app.yaml' }));
  return (error.problems ?? [error]).map(({ code, what }) => `${code}: ${what}`);
}

describe('versions', () => {
  test.each([
    ['2013-05-23', '2013-05-23'],
    ["'2013-05-23'", '2013-05-23'],
    ['2014-10-16', '2014-10-16'],
    ['2015-04-30', '2015-04-30'],
    ['2015-10-15', '2015-10-15'],
    ['2016-04-08', '2016-04-08'],
    ['newton', '2016-10-14'],
    ['ocata', '2017-02-24'],
    ['pike', '2017-09-01'],
    ['queens', '2018-03-02'],
    ['rocky', '2018-08-31'],
    ['wallaby', '2021-04-16'],
    ['hotloom-1', 'hotloom-1'],
  ])('%s', (written, name) => expect(parseTemplate(`heat_template_version: ${written}`).version.name).toBe(name));

  test.each([
    ['resources: {}', 'TemplateFormatError', 'Template format version not found.'],
    ['heat_template_version: [2013-05-23]', 'InvalidTemplateVersion', /^The template version is invalid: /],
    [
      'heat_template_version: 2013-05-23\nAWSTemplateFormatVersion: x',
      'InvalidTemplateVersion',
      'The template version is invalid: Ambiguous versions (heat_template_version, AWSTemplateFormatVersion)',
    ],
    [
      'AWSTemplateFormatVersion: 2010-09-10',
      'InvalidTemplateVersion',
      /^The template version is invalid: "AWSTemplateFormatVersion: 2010-09-10"/,
    ],
  ])('%j is refused', (text, code, what) => {
    const error = thrownBy(() => parseTemplate(text));
    expect(error.code).toBe(code);
    expect(error.what).toEqual(typeof what === 'string' ? what : expect.stringMatching(what));
  });

  test('an unknown version is told with those that there are', () => {
    expect(thrownBy(() => parseTemplate('heat_template_version: walaby', { file: 'app.yaml' })).message).toBe(
      [
        'The template version is invalid: "heat_template_version: walaby". "heat_template_version" should be one of: 2013-05-23, 2014-10-16, 2015-04-30, 2015-10-15, 2016-04-08, 2016-10-14, newton, 2017-02-24, ocata, 2017-09-01, pike, 2018-03-02, queens, 2018-08-31, rocky, 2021-04-16, wallaby, hotloom-1',
        '  at app.yaml:1:24  heat_template_version',
        "  There is no version 'walaby'.",
        "  Did you mean 'wallaby'? The newest of Heat is 2021-04-16; hotloom-1 adds get_data, the section moved, and the resource sections inputs, outputs and timeout.",
      ].join('\n'),
    );
  });

  test('a function that a version does not have is data in it', () => {
    const value = { if: [true, 1, 2] };
    const before = parseTemplate({ heat_template_version: '2016-04-08', outputs: { o: { value } } });
    expect(before.outputs.get('o')?.value).toEqual(value);
    const after = parseTemplate({ heat_template_version: '2016-10-14', outputs: { o: { value } } });
    expect(after.outputs.get('o')?.value).not.toEqual(value);
  });

  test('every function of a version tells in a condition that it may not be called there, or works', () => {
    for (const version of TEMPLATE_VERSIONS) {
      for (const name of version.functions.keys()) expect([...version.conditionFunctions.keys()]).toContain(name);
    }
  });
});

describe('all problems are told together, in the order of the text', () => {
  const TEXT = `${OURS}parameter: {}
parameters:
  size: {type: strin}
resources:
  web:
    type: OS::Heat::Value
    propertys: {}
    properties:
      value: {get_attr: [dbs, address]}
      join: {list_join: [',']}
    depends_on: [dbs, db]
  db:
    type: OS::Heat::Value
    deletion_policy: Keep
    condition: prod
    inputs: {peer: {get_resource: web}}
    outputs: {address: {needs: [peers]}}
outputs:
  url: {vale: 1}
`;

  test('first lines', () => {
    expect(problemsOf(TEXT)).toEqual([
      'InvalidTemplateSection: The template section is invalid: parameter',
      'InvalidSchemaError: Invalid type (strin)',
      'StackValidationFailed: "propertys" is not a valid keyword inside a resource definition',
      'InvalidTemplateReference: The specified reference "dbs" (in web.Properties.value) is incorrect.',
      'StackValidationFailed: resources.web.properties.join.list_join: Incorrect arguments to "list_join" should be: "list_join" : [ " ", [ "str1", "str2"] ...]',
      'InvalidTemplateReference: The specified reference "dbs" (in web) is incorrect.',
      'StackValidationFailed: Invalid deletion policy "Keep"',
      'InvalidTemplateReference: resources.db.condition: Invalid condition "prod"',
      'InvalidTemplateReference: The specified reference "peers" (in db.outputs.address) is incorrect.',
      'StackValidationFailed: Output validation error: outputs.url: Each output definition must contain a value key.',
    ]);
  });

  test('the whole text of one of them', () => {
    const text = `${NEWEST}resources:\n  web:\n    type: X\n    properties:\n      host: {get_attr: [dbb, address]}\n  db: {type: X}\n`;
    expect(thrownBy(() => parseTemplate(text, { file: 'app.yaml' })).message).toBe(
      [
        'The specified reference "dbb" (in web.Properties.host) is incorrect.',
        '  at app.yaml:6:13  resources.web.properties.host',
        "  The template declares no resource 'dbb'.",
        "  Did you mean 'db'? The template has 'web' and 'db'.",
      ].join('\n'),
    );
  });
});

describe('sections', () => {
  test.each([
    ['resources: []'],
    ['resources:'],
    ['outputs: []'],
    ['outputs: {o: {value: null}}'],
    ['outputs: {o: {value: 1, bogus: 2}}'],
    ['description: [a]'],
    ['resources: {"": {type: X}}'],
    ['resources: {r: {type: X, depends_on: []}}'],
    ['resources: {a: {type: X, condition: false}, b: {type: X, depends_on: a}}'],
    ['parameter_groups: [{parameters: [p]}]\nparameters: {p: {type: string}}'],
    ['conditions: {a: {or: [true, nope]}}'],
    ['outputs: {o: {value: {get_param: nope}}}'],
    ['outputs: {o: {value: {get_resource: nope}}}'],
    ['outputs: {o: {value: {if: [false, {get_attr: [nope, x]}, 1]}}}'],
    [
      'resources: {r: {type: X, condition: {get_param: p}, properties: {a: {get_resource: nope}}}}\nparameters: {p: {type: boolean}}',
    ],
  ])('%s is right, as in Heat', (text) => expect(() => parseTemplate(NEWEST + text)).not.toThrow());

  test.each([
    ['Resources: {}', 'InvalidTemplateSection: The template section is invalid: Resources'],
    [
      'resources: [a]',
      'StackValidationFailed: "resources" must contain a map of resource maps. Found a [list] instead',
    ],
    ['resources: {r: }', 'StackValidationFailed: Each resource must contain a type key.'],
    ['resources: {r: {properties: {}}}', 'StackValidationFailed: Each resource must contain a type key.'],
    [
      'resources: {r: x}',
      'StackValidationFailed: "resources" must contain a map of resource maps. Found a [str] instead',
    ],
    ['resources: {r: {type: [X]}}', 'StackValidationFailed: Resource r type type must be string'],
    ['resources: {r: {type: X, properties: }}', 'StackValidationFailed: Resource r properties type must be object'],
    ['resources: {r: {type: X, metadata: 1}}', 'StackValidationFailed: Resource r metadata type must be object'],
    [
      'resources: {r: {type: X, update_policy: []}}',
      'StackValidationFailed: Resource r update_policy type must be object',
    ],
    ['resources: {r: {type: X, description: []}}', 'StackValidationFailed: Resource r description type must be string'],
    ['resources: {r: {type: X, external_id: 1}}', 'StackValidationFailed: Resource r external_id type must be string'],
    [
      'resources: {r: {type: X, condition: [a]}}',
      'StackValidationFailed: Resource r condition type must be string_or_boolean',
    ],
    [
      'resources: {r: {type: X, depends_on: {}}}',
      'StackValidationFailed: Resource r depends_on type must be list or string',
    ],
    [
      'resources: {r: {type: X, depends_on: [1]}}',
      'StackValidationFailed: Resource r depends_on must be a list of strings',
    ],
    [
      'resources: {r: {type: X, depends_on: nope}}',
      'InvalidTemplateReference: The specified reference "nope" (in r) is incorrect.',
    ],
    [
      'resources: {r: {type: X, deletion_policy: [a]}}',
      'StackValidationFailed: Resource r deletion_policy type must be string',
    ],
    ['resources: {a/b: {type: X}}', 'StackValidationFailed: Resource name may not contain "/"'],
    ['resources: {1: {type: X}}', 'StackValidationFailed: The name of a resource is not a text: 1'],
    ['resources: {__proto__: {type: X}}', "StackValidationFailed: '__proto__' is not the name of a resource."],
    [
      'parameters: {constructor: {type: string}}',
      "StackValidationFailed: 'constructor' is not the name of a parameter.",
    ],
    [
      'conditions: ',
      'StackValidationFailed: Conditions validation error: Condition definitions must be a map. Found a NoneType instead',
    ],
    [
      'conditions: {a: b}',
      'StackValidationFailed: Condition validation error: The definition of condition "a" is invalid: b',
    ],
    [
      'conditions: {a: {get_attr: [r, x]}}',
      'StackValidationFailed: conditions.a.get_attr: The function "get_attr" is invalid in this context',
    ],
    [
      'outputs: {o: x}',
      'StackValidationFailed: Output validation error: outputs.o: Output definitions must be a map. Found a str instead',
    ],
    [
      'outputs: {o: {value: 1, condition: nope}}',
      'InvalidTemplateReference: outputs.o.condition: Invalid condition "nope"',
    ],
    [
      'outputs: {o: {value: {get_attr: [nope, x]}}}',
      'InvalidTemplateReference: The specified reference "nope" (in outputs.o.value) is incorrect.',
    ],
    [
      'resources: {r: {type: X, properties: {a: {get_param: nope}}}}',
      'InvalidTemplateReference: The Parameter (nope) was not provided.',
    ],
    [
      'resources: {r: {type: X, properties: {if: [true, {}]}}}',
      'StackValidationFailed: The section properties of a resource cannot be a call of if as a whole.',
    ],
    [
      'resources: {r: {type: X, inputs: {}}}',
      'StackValidationFailed: "inputs" is not a valid keyword inside a resource definition',
    ],
    [
      'parameter_groups: x',
      'StackValidationFailed: Parameter Groups error: parameter_groups: The parameter_groups should be a list.',
    ],
    [
      'parameter_groups: [{label: l}]',
      'StackValidationFailed: Parameter Groups error: parameter_groups.l: The parameters must be provided for each parameter group.',
    ],
    [
      'parameter_groups: [{parameters: [nope]}]',
      'StackValidationFailed: Parameter Groups error: parameter_groups.: The grouped parameter nope does not reference a valid parameter.',
    ],
  ])('%s is refused', (text, problem) => expect(problemsOf(NEWEST + text)).toEqual([problem]));

  test('a version before conditions has neither the section nor the key', () => {
    const text = 'heat_template_version: 2016-04-08\nconditions: {}\nresources: {r: {type: X, condition: true}}';
    expect(problemsOf(text)).toEqual([
      'InvalidTemplateSection: The template section is invalid: conditions',
      'StackValidationFailed: "condition" is not a valid keyword inside a resource definition',
    ]);
  });
});

describe('a resource', () => {
  const resourceOf = (text: string, version = NEWEST): ResourceDefinition =>
    parseTemplate(`${version}resources: {r: ${text}}`).resources.get('r') as ResourceDefinition;

  test('what is not said has a default', () => {
    expect(resourceOf('{type: X}')).toEqual({
      name: 'r',
      path: ['resources', 'r'],
      type: 'X',
      description: undefined,
      properties: {},
      metadata: {},
      fixedInputs: [],
      readNames: [],
      dependsOn: [],
      condition: undefined,
      deletionPolicy: 'Delete',
      updatePolicy: {},
      externalId: undefined,
      inputs: {},
      outputs: {},
    });
  });

  test.each([
    ['Retain', 'Retain'],
    ['snapshot', 'Snapshot'],
  ])('deletion_policy %s', (written, policy) =>
    expect(resourceOf(`{type: X, deletion_policy: ${written}}`).deletionPolicy).toBe(policy),
  );

  test('before 2016-10-14 the deletion policy is written large', () => {
    const text = 'heat_template_version: 2016-04-08\nresources: {r: {type: X, deletion_policy: retain}}';
    expect(problemsOf(text)).toEqual(['StackValidationFailed: Invalid deletion policy "retain"']);
  });

  test('a parameter may give the deletion policy', () => {
    const template = parseTemplate(
      `${NEWEST}parameters: {p: {type: string}}\nresources: {r: {type: X, deletion_policy: {get_param: p}}}`,
    );
    const definition = template.resources.get('r') as ResourceDefinition;
    const policy = (p: string): string =>
      deletionPolicyOf(definition, template, scopeOf(template, {}, { given: { p } }));
    expect(policy('retain')).toBe('Retain');
    expect(thrownBy(() => policy('Retian')).message).toBe(
      [
        'Invalid deletion policy "Retian"',
        '  at <template>:3:43  resources.r.deletion_policy',
        '  There is no such policy.',
        "  Did you mean 'Retain'? The policies are 'Delete', 'Retain', 'Snapshot', 'delete', 'retain' and 'snapshot'.",
      ].join('\n'),
    );
  });

  test('one mistake that aliases repeat is not told any number of times', () => {
    const levels = Array.from(
      { length: 12 },
      (_, k) => `l${k}: &l${k} [${k === 0 ? '{Ref: x}' : `*l${k - 1}, *l${k - 1}`}]`,
    );
    const text = `${NEWEST}resources: {r: {type: X, properties: {${levels.join(', ')}}}}`;
    expect(thrownBy(() => parseTemplate(text)).problems).toHaveLength(MAX_PROBLEMS);
  });

  test('a deletion policy that is not known before the run is refused', () => {
    const template = parseTemplate(
      `${NEWEST}resources: {a: {type: X}, r: {type: X, deletion_policy: {get_attr: [a, policy]}}}`,
    );
    const definition = template.resources.get('r') as ResourceDefinition;
    expect(thrownBy(() => deletionPolicyOf(definition, template, scopeOf(template))).message).toBe(
      [
        'The deletion policy of resource r depends on a value that is not known before the run.',
        '  at <template>:2:57  resources.r.deletion_policy',
        '  It is stored before the resource is created, so that a delete at any time knows it.',
        '  Write the policy out, or take it from a parameter.',
      ].join('\n'),
    );
  });

  test('a thing that Heat did not make is retained', () => {
    expect(resourceOf('{type: X, external_id: abc, deletion_policy: Delete}').deletionPolicy).toBe('Retain');
  });

  test('parts without calls are not copied', () => {
    const template = parseTemplate({
      heat_template_version: '2021-04-16',
      resources: { r: { type: 'X', properties: { a: { b: [1] }, c: { get_resource: 'r' } } } },
    });
    const properties = template.resources.get('r')?.properties;
    const document = template.document.resources as { r: { properties: { a: object } } };
    expect(properties?.a).toBe(document.r.properties.a);
  });

  test('inputs and outputs of hotloom-1', () => {
    const { inputs, outputs } = resourceOf(
      '{type: X, properties: {size: 1}, inputs: {peer: 2}, outputs: {any: {}, none: , address: {schema: {type: string}, needs: [size, peer], description: d}}}',
      OURS,
    );
    expect(inputs).toEqual({ peer: 2 });
    const open = { secret: false, ephemeral: false };
    expect(outputs).toEqual({
      any: { schema: {}, needs: undefined, description: undefined, ...open },
      none: { schema: {}, needs: undefined, description: undefined, ...open },
      address: { schema: { type: 'string' }, needs: ['size', 'peer'], description: 'd', ...open },
    });
  });

  test.each([
    ['outputs: []', 'StackValidationFailed: Resource r outputs type must be object'],
    ['outputs: {a: 1}', "StackValidationFailed: The declaration of the output 'a' is not a mapping."],
    [
      'outputs: {a: {shema: {}}}',
      'StackValidationFailed: "shema" is not a valid keyword inside the declaration of an output',
    ],
    ['outputs: {a: {schema: 1}}', "StackValidationFailed: The schema of the output 'a' is not a mapping."],
    ['outputs: {a: {secret: yes please}}', "StackValidationFailed: Whether the output 'a' is secret is not a boolean."],
    ['outputs: {a: {needs: x}}', "StackValidationFailed: What the output 'a' needs is not a list of names."],
    ['outputs: {__proto__: {}}', "StackValidationFailed: '__proto__' is not the name of an attribute."],
    ['inputs: {get_param: p}', 'InvalidTemplateReference: The Parameter (p) was not provided.'],
  ])('%s is refused', (section, problem) =>
    expect(problemsOf(`${OURS}resources: {r: {type: X, ${section}}}`)).toContain(problem),
  );
});

describe('a document that a program built', () => {
  test('is copied and frozen', () => {
    const document = { heat_template_version: '2021-04-16', resources: { r: { type: 'X' } } };
    const template = parseTemplate(document);
    document.resources.r.type = 'Y';
    expect(template.resources.get('r')?.type).toBe('X');
    expect(Object.isFrozen(template.document.resources)).toBe(true);
  });

  const cyclic: Record<string, unknown> = { heat_template_version: '2021-04-16' };
  cyclic.resources = { r: cyclic };

  test.each([
    ['a list', [], 'TemplateFormatError', 'The template is not a JSON object or YAML mapping.'],
    [
      'a function',
      { a: () => 1 },
      'TemplateFormatError',
      'The value at a cannot be written as JSON: it is of type function.',
    ],
    ['a cycle', cyclic, 'TemplateFormatError', 'The template contains itself.'],
  ])('%s is refused', (_, document, code, what) => {
    const error = thrownBy(() => parseTemplate(document));
    expect({ code: error.code, what: error.what }).toEqual({ code, what });
  });
});

const name = fc.constantFrom(
  'a',
  'b',
  'web',
  '__proto__',
  'constructor',
  'type',
  'value',
  'x.y',
  'é',
  '2013-05-23',
  'yes',
  '1',
);

const json = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      1.5,
      1e21,
      '',
      'yes',
      '017',
      '1:30',
      '2013-05-23',
      ' x',
      '# x',
      "a: 'b'",
      'é\n\n',
      '\u2028',
      '=',
      '<<',
      '*x',
      '1e3',
      '.inf',
    ),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(
        name,
        fc.constantFrom(
          'get_param',
          'get_attr',
          'get_resource',
          'get_file',
          'str_replace',
          'list_join',
          'if',
          'get_data',
          'Ref',
          'yaql',
        ),
      ),
      tie('node'),
      { maxKeys: 3 },
    ),
  ),
})).node;

describe('properties of the parser', () => {
  test('any document gives a template or an error of this library, and pollutes nothing', () => {
    const section = fc.oneof(
      json,
      fc.dictionary(
        name,
        fc.oneof(
          json,
          fc.record(
            {
              type: fc.constantFrom('string', 'X'),
              properties: json,
              value: json,
              default: json,
              condition: json,
              constraints: json,
            },
            { requiredKeys: [] },
          ),
        ),
      ),
    );
    const document = fc.record(
      {
        heat_template_version: fc.constantFrom('2013-05-23', '2016-10-14', 'hotloom-1'),
        parameters: section,
        conditions: section,
        resources: section,
        outputs: section,
        parameter_groups: json,
      },
      { requiredKeys: ['heat_template_version'] },
    );
    const keys = Object.getOwnPropertyNames(Object.prototype).length;
    fc.assert(
      fc.property(document, (built) => {
        try {
          parseTemplate(built);
        } catch (error) {
          expect(isHotloomError(error)).toBe(true);
          expect(isHotloomError(error, 'InternalError')).toBe(false);
        }
        expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(keys);
      }),
      { numRuns: runs(500) },
    );
  });

  test('what is printed is read as the same document', () => {
    fc.assert(
      fc.property(json, (value) => {
        const document = { heat_template_version: 'hotloom-1', description: 'd', outputs: { o: { value: [value] } } };
        let template: ReturnType<typeof parseTemplate>;
        try {
          template = parseTemplate(document);
        } catch {
          return;
        }
        expect(parseTemplate(printTemplate(template)).document).toEqual(template.document);
      }),
      { numRuns: runs(500) },
    );
  });
});
