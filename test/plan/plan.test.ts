import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { printPlan } from '../../src/cli/print-plan.ts';
import { Engine } from '../../src/engine.ts';
import type { PlanStep } from '../../src/plan/plan.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { UpdateOptions } from '../../src/stack/update.ts';
import type { JsonObject } from '../../src/values.ts';
import { ioDouble } from '../cli/io-double.ts';
import { attr, type Told, template, thing, typesOf } from '../stack/update-world.ts';

let told: Told;
let engine: Engine;
let clock: SimulatedClock;
beforeEach(() => {
  told = { things: new Map(), calls: [] };
  clock = new SimulatedClock();
  engine = new Engine({ types: typesOf(told), clock, randomness: seededRandomness(1) });
});
afterEach(() => clock.run(engine.close()));

const create = (resources: JsonObject, more?: JsonObject) =>
  clock.run(engine.create({ stack: 's', template: template(resources, more) }));
const preview = (resources: JsonObject, options: Partial<UpdateOptions> = {}, more?: JsonObject) =>
  engine.previewUpdate({ stack: 's', template: template(resources, more), ...options });

/** `update a: live 1 -> 2`; a value that is known only when it runs is `?`, `!` one that forces a replacement. */
function printSteps(steps: readonly PlanStep[]): readonly string[] {
  return steps.map(({ resource, action, changes, mayReplace }) => {
    const texts = changes.map(({ name, before, after, isKnown, forcesReplacement }) => {
      const [from, to] = [before, after].map((value) => (value === undefined ? 'absent' : JSON.stringify(value)));
      return `${name}${forcesReplacement ? '!' : ''} ${from} -> ${isKnown ? to : '?'}`;
    });
    return `${action}${mayReplace ? ' (or replace)' : ''} ${resource}${texts.length === 0 ? '' : `: ${texts.join(', ')}`}`;
  });
}

describe('the plan of an update', () => {
  const before = {
    a: thing({ of: 1, live: 1 }),
    b: thing({ live: attr('a', 'live') }),
    c: thing({ of: attr('b', 'live') }),
    other: thing({ of: 1 }),
  };

  test.each([
    { what: 'nothing', after: before, steps: ['unchanged a', 'unchanged other', 'unchanged b', 'unchanged c'] },
    {
      what: 'a property that can be changed in place',
      after: { ...before, a: thing({ of: 1, live: 2 }) },
      steps: [
        'update a: live 1 -> 2',
        'unchanged other',
        'compare b: live 1 -> ?',
        'compare (or replace) c: of! 1 -> ?',
      ],
    },
    {
      what: 'a property that cannot, with another that can',
      after: { ...before, a: thing({ of: 2, live: 2 }) },
      steps: [
        'replace a: of! 1 -> 2, live 1 -> 2',
        'unchanged other',
        'compare b: live 1 -> ?',
        'compare (or replace) c: of! 1 -> ?',
      ],
    },
    {
      what: 'what is read from elsewhere and is known',
      after: { ...before, c: thing({ of: attr('other', 'of'), live: 5 }) },
      steps: ['unchanged a', 'unchanged other', 'update c: live absent -> 5', 'unchanged b'],
    },
    {
      what: 'a property for certain, beside one that is not known',
      after: { ...before, a: thing({ of: 1, live: 2 }), c: thing({ of: attr('b', 'live'), live: 5 }) },
      steps: [
        'update a: live 1 -> 2',
        'unchanged other',
        'compare b: live 1 -> ?',
        'update (or replace) c: live absent -> 5, of! 1 -> ?',
      ],
    },
    {
      what: 'what is new and what is gone',
      after: { a: before.a, d: thing({ of: attr('a', 'of'), live: attr('e', 'of') }), e: thing({}) },
      steps: [
        'unchanged a',
        'create e',
        'create d: of absent -> 1, live absent -> ?',
        'delete b',
        'delete c',
        'delete other',
      ],
    },
    {
      what: 'the type',
      after: { ...before, other: { type: 'Peer', properties: {} } },
      steps: ['unchanged a', 'replace other: of! 1 -> absent', 'unchanged b', 'unchanged c'],
    },
  ])('tells $what', async ({ after, steps }) => {
    await create(before);
    const plan = await preview(after);
    expect(printSteps(plan.steps).toSorted()).toEqual([...steps].toSorted());
  });

  test('is what then happens', async () => {
    await create(before);
    const after = { ...before, a: thing({ of: 1, live: 2 }) };
    const plan = await preview(after);
    told.calls.length = 0;
    await clock.run(engine.update({ stack: 's', template: template(after) }));
    expect(told.calls).toEqual(['update a', 'update b', 'create c', 'delete c']);
    expect(plan.criticalPath.resources).toEqual(['a', 'b', 'c']);
    expect(
      plan.steps.filter(({ readBy }) => readBy.length > 0).map(({ resource, readBy }) => [resource, readBy]),
    ).toEqual([
      ['a', ['b.live']],
      ['b', ['c.of']],
    ]);
  });

  test('masks hidden values, in properties and in outputs', async () => {
    const parameters = { pin: { type: 'string', hidden: true } };
    const resources = { a: thing({ live: { get_param: 'pin' } }), b: thing({ of: 1 }) };
    const outputs = { pin: { value: { get_param: 'pin' } } };
    const made = template(resources, { parameters, outputs });
    const created = engine.preview({ stack: 's', template: made, parameters: { pin: 'secret-1' } });
    await clock.run(engine.create({ stack: 's', template: made, parameters: { pin: 'secret-1' } }));
    const plan = await engine.previewUpdate({ stack: 's', template: made, parameters: { pin: 'secret-2' } });
    expect(printSteps(plan.steps)).toEqual(['update a: live "******" -> "******"', 'unchanged b']);
    expect(JSON.stringify([created, plan])).not.toMatch(/secret-2/);
    expect(JSON.stringify(created)).not.toMatch(/secret-1/);
  });

  test('tells the outputs that change, and those that may', async () => {
    const outputs = {
      live: { value: attr('b', 'live') },
      fixed: { value: 1 },
      gone: { value: attr('a', 'of') },
      same: { value: attr('other', 'of') },
    };
    await create(before, { outputs });
    const { gone: _, ...rest } = outputs;
    const plan = await preview(
      { ...before, a: thing({ of: 1, live: 2 }) },
      {},
      { outputs: { ...rest, fixed: { value: 2 } } },
    );
    expect(plan.outputs).toEqual([
      { output: 'live', before: 1, after: undefined, isKnown: false },
      { output: 'fixed', before: 1, after: 2, isKnown: true },
      { output: 'gone', before: 1, after: undefined, isKnown: true },
    ]);
  });

  test('tells the other stacks that have read what may change', async () => {
    await create(before);
    const reading = template({ r: thing({ of: { get_data: 's.b.live' }, live: { get_data: 's.other.of' } }) });
    await clock.run(engine.create({ stack: 'reader', template: reading }));
    const plan = await preview({ ...before, a: thing({ of: 1, live: 2 }) });
    expect(plan.affectedStacks).toEqual([
      { space: 'default', stack: 'reader', names: [['default', 's', 'b', 'live']] },
    ]);
  });

  test('tells what the environment forbids', async () => {
    await create(before);
    const environments = [{ resource_registry: { resources: { c: { restricted_actions: 'replace' } } } }];
    const plan = await preview({ ...before, a: thing({ of: 1, live: 2 }) }, { environments });
    expect(plan.steps.find(({ resource }) => resource === 'c')?.restricted).toEqual(['replace']);
  });

  test('tells what is kept of that which goes, and of a group only its values', async () => {
    const group = (live: number) => ({
      type: 'OS::Heat::ResourceGroup',
      properties: { count: 1, resource_def: thing({ of: 1, live }) },
    });
    await create({ group: group(1), kept: { ...thing({ of: 1 }), deletion_policy: 'Retain' } });
    const { steps } = await preview({ group: group(2) });
    const told = steps.map(({ resource, action, reason, changes }) => [
      resource,
      action,
      reason ?? changes.map(({ name }) => name),
    ]);
    expect(told).toEqual([
      ['group', 'update', ['resource_def', 'output refs', 'output refs_map']],
      ['group/0', 'update', ['live']],
      ['kept', 'delete', 'the template has it no more; what it made is left as it is, by its deletion policy'],
    ]);
  });

  test('tells of what has an external_id by that alone', async () => {
    const stack = (id: string) => ({
      there: { type: 'Thing', external_id: id },
      reader: thing({ of: { get_resource: 'there' } }),
    });
    await create(stack('one'));
    const told = async (id: string) =>
      (await preview(stack(id))).steps.map(({ resource, action, reason }) => [resource, action, reason]);
    expect(await told('one')).toEqual([
      ['there', 'unchanged', undefined],
      ['reader', 'unchanged', undefined],
    ]);
    expect(await told('two')).toEqual([
      ['there', 'replace', 'another one stands behind its external_id'],
      ['reader', 'compare', undefined],
    ]);
    await clock.run(engine.update({ stack: 's', template: template(stack('two')) }));
    expect((await engine.show('s')).resources.find(({ name }) => name === 'there')?.resourceId).toBe('two');
    expect((await told('two')).map(([, action]) => action)).toEqual(['unchanged', 'unchanged']);
  });

  test('is printed for people', async () => {
    const outputs = { live: { value: attr('b', 'live') } };
    await create({ ...before, only: { type: 'Only', properties: { of: 1 } } }, { outputs });
    await clock.run(
      engine.create({ stack: 'reader', template: template({ r: thing({ of: { get_data: 's.b.live' } }) }) }),
    );
    const after = {
      a: thing({ of: 1, live: 2 }),
      b: before.b,
      c: before.c,
      only: { type: 'Only', properties: { of: 2 } },
      fresh: thing({ of: attr('a', 'live') }),
    };
    const io = ioDouble();
    expect(printPlan(io, await preview(after, {}, { outputs }))).toBe(`\
s: 1 to create, 1 to update, 1 to replace, 1 to delete, 2 may change, in an order in which it may happen.

* ~ a      Thing  update
      live     1 → 2
      read by  b.live, fresh.of
  ± only   Only  replace: 'of' cannot be changed in place; the old one is deleted first
      of  1 → 2  forces the replacement
* ? b      Thing  may change
      live     1 → known when it runs
      read by  c.of
  + fresh  Thing  create
* ? c      Thing  may change: it may have to be replaced
      of  1 → known when it runs  replaced if it changes
  - other  Thing  delete: the template has it no more

Outputs
  live  1 → known when it runs

Critical path (*): a → b → c

Other stacks that may be out of date then: default.reader (has read default.s.b.live)
`);
    expect(
      printPlan(io, await preview({ ...before, only: { type: 'Only', properties: { of: 1 } } }, {}, { outputs })),
    ).toBe('s: nothing would change. 5 resources are left alone.\n');
    const narrow = printPlan(ioDouble({ isTerminal: true, columns: 44 }), await preview(after, {}, { outputs }));
    expect(narrow).toContain(`
  ± only   Only  replace: 'of' cannot be
      changed in place; the old one is
      deleted first
      of  1 → 2  forces the replacement
`);
    expect(Math.max(...narrow.split('\n').map((line) => line.length))).toBeLessThanOrEqual(44);
  });
});
