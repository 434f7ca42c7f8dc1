import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { JsonObject } from '../../src/values.ts';
import { live } from './killed-engine.ts';

type Outputs = { readonly [attribute: string]: (value: string) => Promise<void> };

const calls: string[] = [];
/** What the handlers write: a script would know by itself. */
let written: readonly string[] = [];

/** Writes what its section `outputs` declares; `name` says whether it can be updated. */
function typeOf(name: 'Updating' | 'Fixed'): ResourceType {
  const act = (did: string) => async (call: { readonly outputs: Outputs }) => {
    calls.push(did);
    for (const attribute of written) await call.outputs[attribute]?.(attribute);
  };
  const update = name === 'Updating' ? { update: act('update') } : {};
  return defineStreamingType({
    name,
    properties: {},
    attributes: {},
    handler: { isRepeatable: true, create: act('create'), ...update, delete: () => void calls.push('delete') } as never,
  });
}

const types = [typeOf('Updating'), typeOf('Fixed')];

function templateOf(type: string, outputs: readonly string[]): JsonObject {
  return {
    heat_template_version: 'hotloom-1',
    resources: { a: { type, outputs: Object.fromEntries(outputs.map((each) => [each, { schema: {} }])) } },
    outputs: Object.fromEntries(outputs.map((each) => [each, { value: { get_attr: ['a', each] } }])),
  };
}

describe('a section `outputs` with other attributes than before', () => {
  const clock = new SimulatedClock();
  let engine: Engine;
  beforeEach(() => {
    engine = new Engine({ clock, types });
  });
  afterEach(() => clock.run(engine.close()));

  const bring = async (type: string, outputs: readonly string[]) => {
    calls.length = 0;
    written = outputs;
    const input = { stack: 's', template: templateOf(type, outputs) };
    const isNew = (await engine.list()).length === 0;
    const { state, outputs: values } = await clock.run(isNew ? engine.create(input) : engine.update(input));
    return [state, values, calls.join(' ')];
  };

  test.each([
    ['Updating', 'update'],
    ['Fixed', 'create delete'],
  ])('%s: one more is written by its handler (%s), one less is forgotten without a call', async (type, did) => {
    expect(await bring(type, ['m'])).toEqual(['CREATE_COMPLETE', { m: 'm' }, 'create']);
    expect(await bring(type, ['m', 'n'])).toEqual(['UPDATE_COMPLETE', { m: 'm', n: 'n' }, did]);
    expect(await bring(type, ['n'])).toEqual(['UPDATE_COMPLETE', { n: 'n' }, '']);
    expect(await clock.run(engine.tryRead('s.a.m'))).toBeUndefined();
    expect(await bring(type, ['n', 'm'])).toEqual(['UPDATE_COMPLETE', { n: 'n', m: 'm' }, did]);
  });

  test('is survived by a kill at every position of its update', async () => {
    const life = { seed: 1, types: () => types };
    const act = async (store: MemoryStore, outputs: readonly string[], limit?: number) => {
      written = outputs;
      const input = { stack: 's', template: templateOf('Updating', outputs) };
      const isNew = store.findStack('default', 's') === undefined;
      return live(store, { ...life, ...(limit === undefined ? {} : { limit }) }, (each) =>
        isNew ? each.create(input) : each.update(input),
      );
    };
    const count = await (async () => {
      const store = new MemoryStore();
      await act(store, ['m', 'k']);
      return act(store, ['n', 'k']);
    })();
    for (let limit = 0; limit < count; limit += 1) {
      const store = new MemoryStore();
      await act(store, ['m', 'k']);
      await act(store, ['n', 'k'], limit);
      await live(store, { ...life, seed: 2 }, async (each) => {
        await each.resume({ stack: 's' }).catch(() => {});
        await each.update({ stack: 's', template: templateOf('Updating', ['n', 'k']) });
      });
      const record = store.findStack('default', 's');
      const values = store.values(record?.id ?? '').map(({ attribute, value }) => [attribute, value]);
      expect([limit, record?.status, Object.fromEntries(values)]).toMatchObject([
        limit,
        'COMPLETE',
        { k: 'k', n: 'n' },
      ]);
      expect(values.map(([attribute]) => attribute)).not.toContain('m');
    }
    expect(count).toBeGreaterThan(3);
  });
});

test('an output that a nested template has no more is forgotten, and the next update finds nothing to do', async () => {
  const clock = new SimulatedClock();
  const engine = new Engine({ clock });
  const nested = (output: string) =>
    JSON.stringify({
      heat_template_version: '2021-04-16',
      resources: { a: { type: 'OS::Heat::Value', properties: { value: output } } },
      outputs: { [output]: { value: { get_attr: ['a', 'value'] } } },
    });
  const input = (output: string) => ({
    stack: 's',
    template: { heat_template_version: '2021-04-16', resources: { n: { type: 'n.yaml' } } },
    files: { 'n.yaml': nested(output) },
  });
  await clock.run(engine.create(input('x')));
  await clock.run(engine.update(input('y')));
  expect((await clock.run(engine.update(input('y')))).state).toBe('UPDATE_COMPLETE');
  expect([await clock.run(engine.tryRead('s.n.x')), await clock.run(engine.tryRead('s.n.y'))]).toEqual([
    undefined,
    { value: 'y' },
  ]);
  await clock.run(engine.close());
});
