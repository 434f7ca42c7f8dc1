import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { printPlan } from '../../src/cli/print-plan.ts';
import { Engine } from '../../src/engine.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import { HOOK_TYPES } from '../../src/template/hook-types.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { ioDouble } from '../cli/io-double.ts';
import { attr, type Told, template, thing, typesOf } from '../stack/update-world.ts';

let told: Told;
let engine: Engine;
let clock: SimulatedClock;
let paused: string[];
beforeEach(() => {
  told = { things: new Map(), calls: [] };
  clock = new SimulatedClock();
  engine = new Engine({ types: typesOf(told), clock, randomness: seededRandomness(1) });
  paused = [];
  engine.onEvent((event) => {
    if (event.type !== 'hook:didPause') return;
    const { resource, hook } = event;
    paused.push(`${resource} ${hook}`);
    clock.schedule(1, () => void engine.signal({ stack: 's', resource, data: { unset_hook: hook } }));
  });
});
afterEach(() => clock.run(engine.close()));

const EVERY = [...HOOK_TYPES];
const files = (live = 1) => ({
  'net.yaml': JSON.stringify({
    ...template({ x: thing({ live: { get_param: 'n' } }), y: thing({ of: 1, live }) }),
    parameters: { n: { type: 'number' } },
  }),
});
const net = (n: Json): JsonObject => ({ type: 'net.yaml', properties: { n } });
const all: JsonObject = { '*': { hooks: EVERY }, net: { '*': { hooks: EVERY } } };
const given = (resources: JsonObject, hooks: JsonObject, live?: number) => ({
  stack: 's',
  template: template(resources),
  files: files(live),
  environments: [{ resource_registry: { resources: hooks } }],
});
const pausesOf = ({ steps }: Plan) =>
  steps.flatMap(({ resource, action, pausesAt }) =>
    pausesAt.map((hook) => `${resource} ${hook}${action === 'compare' ? '?' : ''}`),
  );

const before = { a: thing({ of: 1, live: 1 }), b: thing({ live: attr('a', 'live') }), net: net(1), old: thing({}) };

describe('a plan tells at which hooks its action pauses', () => {
  test.each<{ readonly what: string; readonly hooks: JsonObject }>([
    { what: 'everywhere', hooks: all },
    { what: 'nowhere', hooks: {} },
    { what: 'by name', hooks: { b: { hooks: ['pre-create', 'pre-update'] }, a: { hooks: 'pre-delete' } } },
    { what: 'inside of a nested template', hooks: { net: { x: { hooks: 'post-create' } } } },
  ])('of a create: $what', async ({ hooks }) => {
    const plan = engine.preview(given(before, hooks));
    await clock.run(engine.create(given(before, hooks)));
    expect(pausesOf(plan).sort()).toEqual(paused.sort());
  });

  test.each<{
    readonly what: string;
    readonly after: JsonObject;
    readonly live?: number;
    readonly onlyPlanned: readonly string[];
  }>([
    { what: 'nothing', after: before, onlyPlanned: [] },
    { what: 'what is new', after: { ...before, fresh: thing({}) }, onlyPlanned: [] },
    { what: 'what goes', after: { a: before.a, b: before.b, net: before.net }, onlyPlanned: [] },
    { what: 'one in place, and who reads it', after: { ...before, a: thing({ of: 1, live: 2 }) }, onlyPlanned: [] },
    {
      what: 'one by a replacement, and who reads the same of it',
      after: { ...before, a: thing({ of: 2, live: 1 }) },
      onlyPlanned: ['b post-update', 'b pre-update'],
    },
    { what: 'a member of a nested template', after: { ...before, net: net(2) }, onlyPlanned: [] },
    { what: 'a member alone', after: before, live: 2, onlyPlanned: ['net post-update'] },
  ])('of an update that changes $what', async ({ after, live, onlyPlanned }) => {
    await clock.run(engine.create(given(before, {})));
    const plan = await engine.previewUpdate(given(after, all, live));
    await clock.run(engine.update(given(after, all, live)));
    const planned = pausesOf(plan).map((text) => text.replace('?', ''));
    expect(paused.filter((each) => !planned.includes(each))).toEqual([]);
    expect(planned.filter((each) => !paused.includes(each)).sort()).toEqual(onlyPlanned);
  });

  test('for people, with those that may not be reached', async () => {
    await clock.run(engine.create(given(before, {})));
    const hooks = { a: { hooks: ['pre-update', 'post-update'] }, b: { hooks: 'pre-update' } };
    const plan = await engine.previewUpdate(given({ ...before, a: thing({ of: 1, live: 2 }) }, hooks));
    expect(pausesOf(plan)).toEqual(['a pre-update', 'a post-update', 'b pre-update?']);
    expect(printPlan(ioDouble(), plan)).toMatch(
      /^Pauses at hooks until they are cleared: a \(pre-update, post-update\), b \(pre-update, if it changes\)$/m,
    );
  });
});
