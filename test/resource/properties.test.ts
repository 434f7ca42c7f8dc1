import { describe, expect, test } from '@jest/globals';
import { isHotloomError } from '../../src/errors.ts';
import {
  checkAttribute,
  convertProperties,
  convertProperty,
  validateStatically,
} from '../../src/resource/properties.ts';
import { definePlainType, type PropertySchemas } from '../../src/resource/resource-type.ts';
import { builtSource } from '../../src/source.ts';
import {
  type Expression,
  FunctionCall,
  type Reference,
  type ResolveScope,
  type StaticScope,
} from '../../src/template/expression.ts';
import type { Json, JsonObject } from '../../src/values.ts';

const handler = { create: () => ({}) };
const typeWith = (properties: PropertySchemas, required: readonly string[] = []) =>
  definePlainType({ name: 'Test::T', properties, required, attributes: {}, handler });

const place = { resource: 'web', path: ['resources', 'web'], source: builtSource('app.yaml') };

const server = {
  type: 'object',
  properties: { port: { type: 'integer', minimum: 1 }, host: { type: 'string', default: 'localhost' } },
  required: ['port'],
  additionalProperties: false,
} as const;

describe('conversion', () => {
  test.each<{ schema: PropertySchemas[string]; given: Json; value: Json }>([
    { schema: { type: 'string' }, given: 'a', value: 'a' },
    { schema: { type: 'string' }, given: 3, value: '3' },
    { schema: { type: 'string' }, given: true, value: 'True' },
    { schema: { type: 'string' }, given: false, value: 'False' },
    { schema: { type: 'string' }, given: null, value: '' },
    { schema: { type: 'string', default: 'd' }, given: null, value: 'd' },
    { schema: { type: ['string', 'null'] }, given: null, value: null },
    { schema: { type: 'integer' }, given: ' 12 ', value: 12 },
    { schema: { type: 'integer' }, given: '1_000', value: 1000 },
    { schema: { type: 'integer' }, given: 2.7, value: 2 },
    { schema: { type: 'integer' }, given: -0.5, value: 0 },
    { schema: { type: 'integer' }, given: true, value: 1 },
    { schema: { type: 'integer' }, given: null, value: 0 },
    { schema: { type: 'number' }, given: '1e3', value: 1000 },
    { schema: { type: 'number' }, given: '.5', value: 0.5 },
    { schema: { type: 'number' }, given: '-3', value: -3 },
    { schema: { type: 'boolean' }, given: 'TRUE', value: true },
    { schema: { type: 'boolean' }, given: 'false', value: false },
    { schema: { type: 'boolean' }, given: null, value: false },
    { schema: { type: 'array' }, given: null, value: [] },
    { schema: { type: 'array', items: { type: 'number' } }, given: ['1', 2], value: [1, 2] },
    { schema: { type: 'object' }, given: null, value: {} },
    { schema: server, given: { port: '80' }, value: { port: 80, host: 'localhost' } },
    { schema: { type: 'array', items: server }, given: [{ port: 1 }], value: [{ port: 1, host: 'localhost' }] },
    { schema: { type: 'object', additionalProperties: { type: 'string' } }, given: { a: 1 }, value: { a: '1' } },
    { schema: { type: ['integer', 'string'] }, given: 'x', value: 'x' },
    { schema: { type: ['integer', 'boolean'] }, given: 'true', value: true },
    { schema: { anyOf: [{ type: 'string' }, { type: 'array' }] }, given: ['a'], value: ['a'] },
    { schema: {}, given: null, value: null },
    { schema: {}, given: { any: [1, 'x'] }, value: { any: [1, 'x'] } },
    { schema: { enum: [{ a: 1, b: 2 }] }, given: { b: 2, a: 1 }, value: { b: 2, a: 1 } },
  ])('$given by $schema', ({ schema, given, value }) => {
    expect(convertProperties(typeWith({ p: schema }), { p: given })).toEqual({ p: value });
  });

  test.each<{ schema: PropertySchemas[string]; given: Json; error: string }>([
    { schema: { type: 'string' }, given: 2.5, error: 'p: Value must be a string; got 2.5' },
    { schema: { type: 'string' }, given: [1], error: 'p: Value must be a string; got [1]' },
    { schema: { type: 'integer' }, given: 'x', error: "p: Value 'x' is not an integer" },
    { schema: { type: 'integer' }, given: '2.0', error: "p: Value '2.0' is not an integer" },
    { schema: { type: 'number' }, given: 'abc', error: "p: could not convert string to float: 'abc'" },
    { schema: { type: 'number' }, given: '', error: "p: could not convert string to float: ''" },
    { schema: { type: 'number' }, given: '1e999', error: "p: could not convert string to float: '1e999'" },
    { schema: { type: 'number' }, given: 'inf', error: "p: could not convert string to float: 'inf'" },
    { schema: { type: 'number' }, given: {}, error: "p: Value '{}' is not a number" },
    { schema: { type: 'boolean' }, given: 'maybe', error: 'p: "maybe" is not a valid boolean' },
    { schema: { type: 'boolean' }, given: 1, error: 'p: "1" is not a valid boolean' },
    { schema: { type: 'object' }, given: '{"a": 1}', error: 'p: "{"a": 1}" is not a map' },
    { schema: { type: 'array' }, given: 'a,b', error: 'p: "a,b" is not a list' },
    { schema: { type: 'integer', minimum: 1, maximum: 9 }, given: 0, error: 'p: 0 is out of range (min: 1, max: 9)' },
    { schema: { minimum: 1, exclusiveMaximum: 5 }, given: 0, error: 'p: 0 is out of range (min: 1, max: None)' },
    { schema: { minimum: 1, exclusiveMaximum: 5 }, given: 5, error: 'p: 5 is out of range (min: None, max: 5)' },
    {
      schema: { type: 'string', minLength: 2 },
      given: '🙂',
      error: 'p: length (1) is out of range (min: 2, max: None)',
    },
    {
      schema: { type: 'array', maxItems: 1 },
      given: [1, 2],
      error: 'p: length (2) is out of range (min: None, max: 1)',
    },
    { schema: { type: 'string', pattern: '^a+$' }, given: 'b', error: 'p: "b" does not match pattern "^a+$"' },
    { schema: { enum: ['a', 'b'] }, given: 'c', error: 'p: "c" is not an allowed value ["a", "b"]' },
    { schema: { const: 1 }, given: 2, error: 'p: 2 is not an allowed value [1]' },
    { schema: server, given: {}, error: 'p: Property port not assigned' },
    { schema: server, given: { port: 0 }, error: 'p.port: 0 is out of range (min: 1, max: None)' },
    { schema: server, given: { port: 1, hots: 'x' }, error: 'p: Unknown Property hots' },
    { schema: { type: 'array', items: server }, given: [{ port: 1 }, 'x'], error: 'p[1]: "x" is not a map' },
    { schema: { type: 'number', multipleOf: 2 }, given: '3', error: 'p: The value must be multiple of 2' },
    {
      schema: { type: 'object', properties: { a: { type: 'array', uniqueItems: true } } },
      given: { a: [1, 1] },
      error: 'p.a: The value must NOT have duplicate items (items ## 0 and 1 are identical)',
    },
  ])('$error', ({ schema, given, error }) => {
    expect(() => convertProperties(typeWith({ p: schema }), { p: given })).toThrow(
      expect.objectContaining({ code: 'PropertyInvalid', what: `Property error: ${error}` }),
    );
  });

  test('defaults are filled in, required properties are not', () => {
    const type = typeWith({ a: { type: 'number', default: 1 }, b: { type: 'string' }, c: {} }, ['b']);
    expect(convertProperties(type, { b: 'x' })).toEqual({ a: 1, b: 'x' });
    expect(() => convertProperties(type, {})).toThrow('Property error: Property b not assigned');
  });

  test('null is a value for a required property without a type, as under Heat', () => {
    expect(convertProperties(typeWith({ p: {} }, ['p']), { p: null })).toEqual({ p: null });
  });

  test('the result is frozen at every depth', () => {
    const type = typeWith({ p: {}, q: { default: [{}] } });
    const converted = convertProperties(type, { p: { a: [{}] } }) as { p: { a: object[] }; q: object[] };
    for (const part of [converted, converted.p, converted.p.a, converted.p.a[0], converted.q, converted.q[0]]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test('__proto__ is a key like any other', () => {
    const type = {
      ...typeWith({ p: { type: 'object', additionalProperties: { type: 'string' } } }),
      anyProperties: true,
    };
    const given = JSON.parse('{"__proto__": {"x": 1}, "p": {"__proto__": 1}}') as JsonObject;
    const converted = convertProperties(type, given);
    expect(JSON.stringify(converted)).toBe('{"__proto__":{"x":1},"p":{"__proto__":"1"}}');
    expect(Object.getPrototypeOf(converted)).toBe(Object.prototype);
  });

  test('a type of any properties passes on what it does not know', () => {
    const type = { ...typeWith({ p: { type: 'number' } }), anyProperties: true };
    expect(convertProperties(type, { p: '1', other: [1] })).toEqual({ p: 1, other: [1] });
  });

  test('one error tells everything, its place, and no secret', () => {
    const type = typeWith({ a: { type: 'number' }, b: { type: 'boolean' } });
    let thrown: unknown;
    try {
      const mask = (text: string) => text.replaceAll('hunter2', '******');
      convertProperties(type, { a: 'hunter2', b: 'hunter2', c: 1 }, { ...place, mask });
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).message).toBe(
      [
        "Property error: resources.web.properties.a: could not convert string to float: '******'",
        '  at app.yaml  resources.web.properties.a',
        '  The value is a string. The resource of type Test::T has 2 more: b: "******" is not a valid boolean; Unknown Property c.',
        '  Give a number.',
      ].join('\n'),
    );
  });
});

describe('one property of a streaming type', () => {
  const type = typeWith({ size: { type: 'number' }, name: { type: 'string', default: 'n' }, tags: {} }, ['size']);

  test.each<{ name: string; given: Json | undefined; value: Json | undefined }>([
    { name: 'size', given: '3', value: 3 },
    { name: 'name', given: undefined, value: 'n' },
    { name: 'tags', given: undefined, value: undefined },
    { name: 'tags', given: null, value: null },
  ])('$name from $given', ({ name, given, value }) => {
    expect(convertProperty(type, name, given)).toBe(value);
  });

  test.each<{ name: string; given: Json | undefined; error: string }>([
    { name: 'size', given: 'x', error: "resources.web.properties.size: could not convert string to float: 'x'" },
    { name: 'size', given: undefined, error: 'resources.web.properties: Property size not assigned' },
    { name: 'sise', given: 1, error: 'resources.web.properties: Unknown Property sise' },
  ])('$error', ({ name, given, error }) => {
    expect(() => convertProperty(type, name, given, place)).toThrow(
      expect.objectContaining({ code: 'PropertyInvalid', what: `Property error: ${error}` }),
    );
  });
});

/** Reads the attribute that it names, or else resolves to its value at once. */
class TestCall extends FunctionCall {
  readonly name = 'test';
  readonly #value: Json | undefined;
  readonly #reference: Reference | undefined;

  constructor(value: Json | undefined, reference?: Reference) {
    super([]);
    this.#value = value;
    this.#reference = reference;
  }

  override references(_scope: StaticScope, visit: (reference: Reference) => void): void {
    if (this.#reference !== undefined) visit(this.#reference);
  }

  override resolve(scope: ResolveScope): Json | undefined {
    return this.#value === 'param' ? scope.parameter('p') : this.#value;
  }

  override toHot(): Json {
    return {};
  }
}

describe('static validation', () => {
  const scope: StaticScope = {
    parameter: () => 'from a parameter',
    condition: () => true,
    file: () => '',
    home: { space: 'default', stack: 'app' },
  };
  const atRunTime = new TestCall(1, { kind: 'attribute', resource: 'db', attribute: 'port', path: [] });
  const type = typeWith({ servers: { type: 'array', items: server }, size: { type: 'number' } }, ['size']);

  test.each<{ rule: string; properties: Record<string, Expression>; problems: string[] }>([
    { rule: 'nothing is wrong', properties: { size: 1 }, problems: [] },
    { rule: 'what is read at run time fits', properties: { size: atRunTime }, problems: [] },
    {
      rule: 'a call whose value is known is checked',
      properties: { size: new TestCall('x') },
      problems: ["properties.size: could not convert string to float: 'x'"],
    },
    {
      rule: 'a parameter is checked',
      properties: { size: new TestCall('param') },
      problems: ["properties.size: could not convert string to float: 'from a parameter'"],
    },
    {
      rule: 'a property that is dropped is missing',
      properties: { size: new TestCall(undefined) },
      problems: ['properties: Property size not assigned'],
    },
    { rule: 'an unknown property', properties: { size: 1, sise: 2 }, problems: ['properties: Unknown Property sise'] },
    {
      rule: 'every problem is told, each at its own node, also beside what is not known',
      properties: { servers: [{ port: atRunTime }, { port: 'x', host: atRunTime }, { host: ['a'] }] },
      problems: [
        "properties.servers[1].port: Value 'x' is not an integer",
        'properties.servers[2].host: Value must be a string; got ["a"]',
        'properties.servers[2]: Property port not assigned',
        'properties: Property size not assigned',
      ],
    },
  ])('$rule', ({ properties, problems }) => {
    const found = validateStatically(type, properties, place, scope);
    expect(found.map((problem) => problem.what)).toEqual(
      problems.map((problem) => `Property error: resources.web.${problem}`),
    );
    expect(found.every((problem) => problem.code === 'StackValidationFailed')).toBe(true);
  });

  test('a problem has its place', () => {
    const [problem] = validateStatically(type, { size: 1, servers: [{ port: 0 }] }, place);
    expect(problem?.where).toEqual({
      file: 'app.yaml',
      path: ['resources', 'web', 'properties', 'servers', 0, 'port'],
    });
  });

  test('without a scope no call is resolved', () => {
    expect(validateStatically(type, { size: new TestCall('x') }, place)).toEqual([]);
  });

  test('rules between properties hold before the run only when all of them are known', () => {
    const paired = {
      ...typeWith({ a: { type: 'number' }, b: { type: 'number' } }),
      validate: ({ a, b }: { a: number; b: number }) =>
        a < b ? [] : [{ path: ['a'], what: 'a is not less than b', why: 'It has to be.', fix: 'Give less.' }],
    };
    const rule = (properties: Record<string, Expression>) =>
      validateStatically(paired, properties, place).map((problem) => problem.what);
    expect(rule({ a: 2, b: '1' })).toEqual(['Property error: resources.web.properties.a: a is not less than b']);
    expect(rule({ a: 2, b: atRunTime })).toEqual([]);
    expect(() => convertProperties(paired, { a: 2, b: 1 })).toThrow('a is not less than b');
  });
});

describe('attributes', () => {
  test.each<{ schema: PropertySchemas[string]; value: Json; error?: string }>([
    { schema: {}, value: null },
    { schema: { type: 'string' }, value: 'a' },
    { schema: { type: ['string', 'null'] }, value: null },
    { schema: { type: 'string' }, value: 3, error: 'port: Value must be a string; got 3' },
    { schema: { type: 'string' }, value: null, error: 'port: Value must be a string; got null' },
    {
      schema: { type: 'integer', maximum: 65535 },
      value: 70000,
      error: 'port: 70000 is out of range (min: None, max: 65535)',
    },
    { schema: server, value: { port: 1 } },
    { schema: server, value: { port: '1' }, error: "port.port: Value '1' is not an integer" },
    { schema: { oneOf: [{ type: 'string' }, { type: 'number' }] }, value: 1 },
  ])('$value by $schema', ({ schema, value, error }) => {
    const check = () => checkAttribute({ schema }, 'port', value, 'web');
    if (error === undefined) expect(check).not.toThrow();
    else {
      expect(check).toThrow(
        expect.objectContaining({
          code: 'AttributeInvalid',
          what: `The value of the attribute 'port' of the resource 'web' does not fit its schema: ${error}.`,
        }),
      );
    }
  });

  test('a schema that the template declares may be none', () => {
    let thrown: unknown;
    try {
      checkAttribute({ schema: { type: 'txt' as 'string' } }, 'port', 'x');
    } catch (error) {
      thrown = error;
    }
    expect(isHotloomError(thrown, 'InvalidSchemaError')).toBe(true);
  });
});
