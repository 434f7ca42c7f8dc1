import { describe, expect, test } from '@jest/globals';
import { heatNone, heatRandomString, heatTestResource, heatTypes, heatValue } from '../../../src/builtin/heat/index.ts';
import { Engine } from '../../../src/engine.ts';
import { validateStatically } from '../../../src/resource/properties.ts';
import { createRegistry } from '../../../src/resource/registry.ts';
import type { ResourceType } from '../../../src/resource/resource-type.ts';
import { builtSource } from '../../../src/source.ts';
import type { StackDescription } from '../../../src/stack/describe.ts';
import type { Json, JsonObject } from '../../../src/values.ts';
import { seededRandomness, tryCreate, tryDelete } from './call.ts';

const problemsOf = (type: ResourceType, properties: JsonObject): readonly string[] =>
  validateStatically(type, properties, { resource: 'r', path: ['resources', 'r'], source: builtSource() }).map(
    (problem) => problem.what,
  );

test('the types can be registered together', () => {
  expect(createRegistry(heatTypes).names).toEqual([
    'OS::Heat::None',
    'OS::Heat::RandomString',
    'OS::Heat::TestResource',
    'OS::Heat::Value',
    'OS::Heat::WaitCondition',
    'OS::Heat::WaitConditionHandle',
    'OS::Heat::UpdateWaitConditionHandle',
    'AWS::CloudFormation::WaitCondition',
    'AWS::CloudFormation::WaitConditionHandle',
  ]);
});

describe('OS::Heat::Value', () => {
  // The attribute is the value as it was given, though `type` tells what it has to be convertible to: Heat's answers.
  test.each<{ type?: string; value: Json }>([
    { value: { a: [1] } },
    { value: null },
    { type: 'string', value: 3 },
    { type: 'number', value: '1e3' },
    { type: 'boolean', value: 'FALSE' },
    { type: 'json', value: { a: 1 } },
    { type: 'comma_delimited_list', value: ['a'] },
    { type: 'number', value: null },
  ])('$value as $type', async (properties) => {
    expect(problemsOf(heatValue, properties)).toEqual([]);
    const trial = tryCreate(heatValue, properties);
    expect(await trial.result).toEqual({ value: properties.value });
    expect(trial.ids).toEqual(['app-r-abcdefghijkl']);
  });

  test.each<{ properties: JsonObject; problem: string }>([
    { properties: {}, problem: ': Property value not assigned' },
    { properties: { type: 'json', value: 'x' }, problem: '.value: "x" is not a map' },
    { properties: { type: 'json', value: [1] }, problem: '.value: "[1]" is not a map' },
    { properties: { type: 'number', value: 'x' }, problem: ".value: could not convert string to float: 'x'" },
    { properties: { type: 'string', value: 2.5 }, problem: '.value: Value must be a string; got 2.5' },
    { properties: { type: 'string', value: [1] }, problem: '.value: Value must be a string; got [1]' },
    { properties: { type: 'comma_delimited_list', value: 'a,b' }, problem: '.value: "a,b" is not a list' },
    {
      properties: { type: 'list', value: [] },
      problem: '.type: "list" is not an allowed value ["string", "number", "comma_delimited_list", "json", "boolean"]',
    },
  ])('$problem', ({ properties, problem }) => {
    expect(problemsOf(heatValue, properties)).toEqual([`Property error: resources.r.properties${problem}`]);
  });
});

describe('OS::Heat::RandomString', () => {
  const create = async (properties: JsonObject, seed = 1): Promise<string> => {
    const made = (await tryCreate(heatRandomString, properties, seededRandomness(seed)).result) as JsonObject;
    expect(made.refid).toBe(made.value);
    return made.value as string;
  };

  test.each([
    { properties: {}, form: /^[A-Za-z0-9]{32}$/ },
    { properties: { length: '6' }, form: /^[A-Za-z0-9]{6}$/ },
    { properties: { length: 512, character_classes: [{ class: 'octdigits' }] }, form: /^[0-7]{512}$/ },
    { properties: { length: 50, character_classes: [{ class: 'hexdigits' }] }, form: /^[0-9A-F]{50}$/ },
    { properties: { length: 4, character_classes: [{ class: 'digits', min: 4 }] }, form: /^[0-9]{4}$/ },
    { properties: { length: 9, character_classes: [], character_sequences: [{ sequence: '#aa' }] }, form: /^[#a]{9}$/ },
    {
      properties: { length: 3, character_classes: [{ class: 'lowercase', min: 2 }], sequence: 'uppercase' },
      form: /^(?=.*[A-Z])[a-zA-Z]{3}$/,
    },
  ])('$properties', async ({ properties, form }) => {
    expect(problemsOf(heatRandomString, properties)).toEqual([]);
    for (let seed = 0; seed < 20; seed += 1) expect(await create(properties, seed)).toMatch(form);
  });

  test('each class and sequence gives at least its minimum', async () => {
    const properties = {
      length: 12,
      character_classes: [
        { class: 'lowercase', min: 3 },
        { class: 'digits', min: 4 },
      ],
      character_sequences: [{ sequence: '$%', min: 5 }],
    };
    for (let seed = 0; seed < 50; seed += 1) {
      const sorted = [...(await create(properties, seed))].sort().join('');
      expect(sorted).toMatch(/^[$%]{5}\d{4}[a-z]{3}$/);
    }
  });

  test('the randomness alone decides, and every character is as likely as the others', async () => {
    expect(await create({}, 7)).toBe(await create({}, 7));
    expect(await create({}, 7)).not.toBe(await create({}, 8));
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 100; seed += 1) {
      const text = await create({ length: 512, character_classes: [{ class: 'digits' }] }, seed);
      for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    // 5,120 of each are expected; the standard deviation is 68.
    for (const count of counts.values()) expect(Math.abs(count - 5120)).toBeLessThan(350);
    expect(counts.size).toBe(10);
  });

  test.each<{ properties: JsonObject; problem: string }>([
    { properties: { length: 0 }, problem: '.length: 0 is out of range (min: 1, max: 512)' },
    { properties: { length: 513 }, problem: '.length: 513 is out of range (min: 1, max: 512)' },
    {
      properties: { length: 4, character_classes: [{ class: 'digits', min: 5 }] },
      problem:
        '.length: Length property cannot be smaller than combined character class and character sequence minimums',
    },
    {
      // The default class is there besides the sequence.
      properties: { length: 3, character_sequences: [{ sequence: 'a', min: 3 }] },
      problem:
        '.length: Length property cannot be smaller than combined character class and character sequence minimums',
    },
    {
      properties: { character_classes: [{ class: 'bogus' }] },
      problem:
        '.character_classes[0].class: "bogus" is not an allowed value ["lettersdigits", "letters", "lowercase", ' +
        '"uppercase", "digits", "hexdigits", "octdigits"]',
    },
    {
      properties: { character_sequences: [{ min: 1 }] },
      problem: '.character_sequences[0]: Property sequence not assigned',
    },
    { properties: { character_classes: [], length: 3 }, problem: '.character_classes: No character to choose from' },
  ])('$problem', ({ properties, problem }) => {
    expect(problemsOf(heatRandomString, properties)).toEqual([`Property error: resources.r.properties${problem}`]);
  });
});

describe('OS::Heat::None', () => {
  test('takes any properties, writes nothing, and has the token of its attempt, a UUID, as its id', async () => {
    expect(problemsOf(heatNone, { anything: [1], more: null })).toEqual([]);
    const trial = tryCreate(heatNone, { anything: [1] });
    expect(await trial.result).toEqual({});
    expect(trial.ids).toEqual(['token']);
  });
});

describe('OS::Heat::TestResource', () => {
  const ended = async (result: Promise<unknown>): Promise<unknown> =>
    Promise.race([result, new Promise((resolve) => setImmediate(() => resolve('still at work')))]);

  test.each<{ properties: JsonObject; output: string }>([
    { properties: {}, output: 'test_string' },
    { properties: { value: 'tv' }, output: 'tv' },
    { properties: { value: 3 }, output: '3' },
    { properties: { value: null }, output: 'test_string' },
  ])('$properties', async ({ properties, output }) => {
    const trial = tryCreate(heatTestResource, properties);
    expect(await trial.result).toEqual({ output });
    expect(trial).toMatchObject({ ids: ['app-r-abcdefghijkl'], data: [], timers: 0 });
  });

  test.each<{ properties: JsonObject; seconds: number }>([
    { properties: { wait_secs: 3 }, seconds: 3 },
    { properties: { wait_secs: 3, action_wait_secs: { create: 0.5 } }, seconds: 0.5 },
    { properties: { wait_secs: 3, action_wait_secs: { delete: 1 } }, seconds: 3 },
    { properties: { attr_wait_secs: 2 }, seconds: 2 },
    { properties: { constraint_prop_secs: '4' }, seconds: 4 },
    { properties: { wait_secs: 5_000_000 }, seconds: 5_000_000 },
  ])('$properties takes $seconds s', async ({ properties, seconds }) => {
    const trial = tryCreate(heatTestResource, properties);
    // Two steps, since no timer of Node reaches further than 24 days.
    await trial.pass(seconds / 2);
    await trial.pass(seconds / 2 - 0.001);
    expect(await ended(trial.result)).toBe('still at work');
    await trial.pass(0.001);
    expect(await ended(trial.result)).toEqual({ output: 'test_string' });
  });

  test('it has its id before it waits', async () => {
    const trial = tryCreate(heatTestResource, { wait_secs: 3 });
    await trial.pass(0);
    expect(trial.ids).toEqual(['app-r-abcdefghijkl']);
  });

  test('it fails after its wait and gets no id', async () => {
    const trial = tryCreate(heatTestResource, { fail: true, wait_secs: 3 });
    await trial.pass(2);
    expect(await ended(trial.result)).toBe('still at work');
    await trial.pass(1);
    await expect(trial.result).rejects.toThrow('Test Resource failed r');
    expect(trial.ids).toEqual([]);
  });

  test('a cancelled wait ends with the reason and leaves no timer', async () => {
    const trial = tryCreate(heatTestResource, { wait_secs: -1 });
    await trial.pass(1e9);
    expect(await ended(trial.result)).toBe('still at work');
    trial.cancel(new Error('cancelled'));
    await expect(trial.result).rejects.toThrow('cancelled');
    expect(trial.timers).toBe(0);
  });

  test('a delete takes the seconds that the create recorded', async () => {
    const created = tryCreate(heatTestResource, { action_wait_secs: { delete: 2 } });
    await created.result;
    expect(created.data).toEqual([{ deleteSeconds: 2 }]);
    const trial = tryDelete(heatTestResource, created.data[0] as JsonObject);
    await trial.pass(1);
    expect(await ended(trial.result)).toBe('still at work');
    await trial.pass(1);
    expect(await ended(trial.result)).toBeUndefined();
    await expect(tryDelete(heatTestResource, {}).result).resolves.toBeUndefined();
  });

  test('an update is in place, as under Heat, but for one that sets update_replace', async () => {
    const engine = new Engine();
    const template = (properties: JsonObject) => ({
      heat_template_version: '2021-04-16',
      resources: { r: { type: 'OS::Heat::TestResource', properties } },
      outputs: { o: { value: { get_attr: ['r', 'output'] } } },
    });
    const seen = async (act: Promise<StackDescription>) => {
      const { outputs, resources } = await act;
      return [outputs.o, resources.map(({ state, resourceId }) => ({ state, resourceId }))];
    };
    const update = (properties: JsonObject) => seen(engine.update({ stack: 's', template: template(properties) }));
    const [output, made] = await seen(engine.create({ stack: 's', template: template({ value: 'one' }) }));
    const resourceId = (made as readonly { resourceId: string }[])[0]?.resourceId;
    expect(output).toBe('one');
    expect(await update({ value: 'two' })).toEqual(['two', [{ state: 'UPDATE_COMPLETE', resourceId }]]);
    await expect(update({ value: 'three', fail: true })).rejects.toThrow('Test Resource failed r');
    const [, again] = await update({ value: 'two' });
    expect(again).toMatchObject([{ state: 'CREATE_COMPLETE' }]);
    const replaced = await update({ value: 'two', update_replace: true });
    expect(replaced).toEqual(['two', [{ state: 'CREATE_COMPLETE', resourceId: expect.stringMatching(/^s-r-/) }]]);
    expect(replaced[1]).not.toEqual(again);
    expect((await update({ value: 'three', update_replace: true }))[1]).toMatchObject([{ state: 'UPDATE_COMPLETE' }]);
    await engine.close();
  });

  test.each<{ properties: JsonObject; problem: string }>([
    { properties: { bogus: 1 }, problem: ': Unknown Property bogus' },
    { properties: { wait_secs: 'abc' }, problem: ".wait_secs: could not convert string to float: 'abc'" },
    { properties: { fail: 'maybe' }, problem: '.fail: "maybe" is not a valid boolean' },
    { properties: { action_wait_secs: { creat: 1 } }, problem: '.action_wait_secs: Unknown Property creat' },
  ])('$problem', ({ properties, problem }) => {
    expect(problemsOf(heatTestResource, properties)).toEqual([`Property error: resources.r.properties${problem}`]);
  });
});
