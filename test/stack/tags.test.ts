import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import type { TagFilter } from '../../src/stack/tags.ts';

const template = { heat_template_version: '2021-04-16', resources: { v: { type: 'OS::Heat::None' } } };

describe('tags', () => {
  let engine: Engine;
  beforeEach(() => {
    engine = new Engine();
  });
  afterEach(() => engine.close());
  const tagsOf = async (stack: string) => (await engine.show(stack)).tags;

  test.each<{ filter: TagFilter; found: string }>([
    { filter: {}, found: 'ab b none' },
    { filter: { tags: ['b'] }, found: 'ab b' },
    { filter: { tags: ['a', 'b'] }, found: 'ab' },
    { filter: { tagsAny: ['a', 'b'] }, found: 'ab b' },
    { filter: { tagsAny: ['a', 'c'] }, found: 'ab' },
    { filter: { notTags: ['a', 'b'] }, found: 'b none' },
    { filter: { notTagsAny: ['a', 'c'] }, found: 'b none' },
    { filter: { notTagsAny: ['b'] }, found: 'none' },
    { filter: { tagsAny: ['a', 'b'], notTags: ['a'] }, found: 'b' },
  ])('$filter finds $found', async ({ filter, found }) => {
    await engine.create({ stack: 'ab', template, tags: ['a', 'b'] });
    await engine.create({ stack: 'b', template, tags: ['b'] });
    await engine.create({ stack: 'none', template });
    expect((await engine.list(filter)).map(({ name }) => name).join(' ')).toBe(found);
  });

  test('are those that an update gives, none when it gives none, and kept by `existing`', async () => {
    await engine.create({ stack: 's', template, tags: ['a', 'b'] });
    expect(await tagsOf('s')).toEqual(['a', 'b']);
    await engine.update({ stack: 's', existing: true });
    expect(await tagsOf('s')).toEqual(['a', 'b']);
    await engine.update({ stack: 's', existing: true, tags: ['c'] });
    expect(await tagsOf('s')).toEqual(['c']);
    await engine.update({ stack: 's', template });
    expect(await tagsOf('s')).toEqual([]);
  });

  test('go with a saved plan', async () => {
    const first = await engine.planCreate({ stack: 's', template, tags: ['a'] });
    expect((await engine.apply({ plan: first })).tags).toEqual(['a']);
    const kept = await engine.planUpdate({ stack: 's', existing: true });
    expect((await engine.apply({ plan: kept })).tags).toEqual(['a']);
    const cleared = await engine.planUpdate({ stack: 's', template });
    expect((await engine.apply({ plan: cleared })).tags).toEqual([]);
  });

  test('go with a stack that is handed over, unless others are given', async () => {
    await engine.create({ stack: 's', template, tags: ['a'] });
    const data = await engine.abandon('s');
    expect((await engine.adopt({ stack: 's', data })).tags).toEqual(['a']);
    expect((await engine.adopt({ stack: 't', data, tags: [] })).tags).toEqual([]);
  });

  test.each([
    { tags: ['a,b'], message: 'Invalid tag, "a,b" contains a comma' },
    { tags: ['x'.repeat(81)], message: `Invalid tag, "${'x'.repeat(81)}" is longer than 80 characters` },
    { tags: [1], message: 'Invalid tag, "1" is not a string' },
    { tags: 'a', message: 'Invalid tags, not a list: a' },
  ])('$message', async ({ tags, message }) => {
    await expect(engine.create({ stack: 's', template, tags: tags as string[] })).rejects.toMatchObject({
      code: 'UsageError',
      what: message,
    });
    expect(await engine.list()).toEqual([]);
    await engine.create({ stack: 's', template });
    await expect(engine.update({ stack: 's', template, tags: tags as string[] })).rejects.toThrow(message);
  });
});
