import { afterEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import type { EngineEvent } from '../../src/events.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { Json } from '../../src/values.ts';
import { type Life, live } from '../stack/killed-engine.ts';

const HEAD = 'heat_template_version: 2021-04-16\n';
const clock = new SimulatedClock();
const engine = new Engine({ clock, limits: { maxResources: 50 } });
const events: EngineEvent[] = [];
engine.onEvent((event) => events.push(event));

interface Case {
  readonly template: string;
  readonly files?: { readonly [name: string]: string };
  readonly environments?: readonly object[];
}

function input({ template, files = {}, environments = [] }: Case) {
  return {
    stack: 's',
    template: HEAD + template,
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, HEAD + text])),
    environments,
  };
}

const create = (given: Case) => clock.run(engine.create(input(given)));

afterEach(async () => {
  events.length = 0;
  for (const { name } of await engine.list()) await clock.run(engine.delete({ stack: name }));
});

/** A template that says who it is and whom it met: its output `addr` needs nothing of its parameter. */
const PEER = `
parameters: {peer: {type: string}}
resources:
  me: {type: OS::Heat::Value, properties: {value: {get_param: OS::stack_name}}}
  meet: {type: OS::Heat::Value, properties: {value: {get_param: peer}}}
outputs: {addr: {value: {get_attr: [me, value]}}, met: {value: {get_attr: [meet, value]}}}
`;

describe('a nested template', () => {
  test('gives an output as soon as what is behind it is there: two that need each other just work', async () => {
    const { outputs, resources } = await create({
      template: `
resources:
  a: {type: peer.yaml, properties: {peer: {get_attr: [b, addr]}}}
  b: {type: peer.yaml, properties: {peer: {get_attr: [a, addr]}}}
outputs: {a: {value: {get_attr: [a, met]}}, b: {value: {get_attr: [b, met]}}}`,
      files: { 'peer.yaml': PEER },
    });
    expect([outputs.a, outputs.b]).toEqual([
      expect.stringMatching(/^s-b-[0-9a-f]{12}$/),
      expect.stringMatching(/^s-a-[0-9a-f]{12}$/),
    ]);
    expect(resources.map(({ name }) => name).sort()).toEqual(['a', 'a/me', 'a/meet', 'b', 'b/me', 'b/meet']);
    expect(await engine.tryRead('s.a.met')).toEqual({ value: outputs.a });
  });

  test('does not hold up whoever reads an output of a finished part of it', async () => {
    await create({
      template: `
resources:
  n: {type: n.yaml}
  reader: {type: OS::Heat::TestResource, properties: {value: {get_attr: [n, early]}}}`,
      files: {
        'n.yaml': `
resources:
  fast: {type: OS::Heat::TestResource, properties: {value: now}}
  slow: {type: OS::Heat::TestResource, properties: {wait_secs: 60}}
outputs: {early: {value: {get_attr: [fast, output]}}}`,
      },
    });
    const ended = events.flatMap((event) =>
      event.type === 'resource' && event.status === 'COMPLETE' && event.action === 'CREATE' ? [event.resource] : [],
    );
    expect(ended).toEqual(['n/fast', 'reader', 'n/slow', 'n']);
  });

  test('whose members wait for each other across levels is refused, with every hop in its file', () => {
    const wrong = PEER.replace('addr: {value: {get_attr: [me, value]}}', 'addr: {value: {get_attr: [meet, value]}}');
    const template = `
resources:
  a: {type: peer.yaml, properties: {peer: {get_attr: [b, addr]}}}
  b: {type: peer.yaml, properties: {peer: {get_attr: [a, addr]}}}`;
    expect(() => engine.validate(input({ template, files: { 'peer.yaml': wrong } }))).toThrow(
      /Circular Dependency Found: a\/meet \(start\) <- a\/meet.value \(property\) <- b\/meet.value \(attribute\)[\s\S]*at peer.yaml:7:25 {2}outputs.addr.value/,
    );
  });

  test.each([
    ['through its own parameter', 'resources: {n: {type: n.yaml, properties: {x: {get_attr: [n, y]}}}}', 'n.y <- n.y'],
    [
      'through another one',
      'resources: {n: {type: n.yaml, properties: {x: {get_attr: [m, y]}}}, m: {type: n.yaml, properties: {x: {get_attr: [n, y]}}}}',
      'n.y <- m.y <- n.y',
    ],
    [
      'through all of its outputs',
      'resources: {n: {type: OS::Heat::Stack, properties: {template: {get_file: n.yaml}, parameters: {x: {get_attr: [n]}}}}}',
      'n.outputs <- n.outputs',
    ],
  ])('that hands on its own output %s is refused, and can be inspected all the same', (_, template, circle) => {
    const files = {
      'n.yaml': 'parameters: {x: {type: json, default: {}}}\nresources: {}\noutputs: {y: {value: {get_param: x}}}',
    };
    const outputs = 'outputs: {o: {value: {get_attr: [n, y]}}, p: {value: {get_attr: [n, outputs]}}}';
    const given = input({
      template: `${template}\n${template.includes('Stack') ? '' : outputs.replace(', p: {value: {get_attr: [n, outputs]}}', '')}`,
      files,
    });
    expect(() => engine.validate(given)).toThrow(`Circular Dependency Found: ${circle}`);
    expect(engine.inspect(given).problems.map(({ code }) => code)).toContain('CircularDependencyException');
  });

  test('hands values on through many others, each several times, at the cost of once', async () => {
    const chain = (y: string, last: string) => ({
      template: `resources:\n${Array.from(
        { length: 45 },
        (_, i) => `  n${i}: {type: n.yaml, properties: {x: ${i === 44 ? last : `{get_attr: [n${i + 1}, y]}`}}}`,
      ).join('\n')}\noutputs: {o: {value: {get_attr: [n0, y]}}}`,
      files: { 'n.yaml': `parameters: {x: {type: json}}\nresources: {}\noutputs: {y: {value: ${y}}}` },
    });
    expect((await create(chain('{get_param: x}', '{a: 1}'))).outputs).toEqual({ o: { a: 1 } });
    // Looked through one by one these would be 2 to the power of 45 references.
    const { stack } = engine.validate(input(chain('[{get_param: x}, {get_param: x}]', '{a: 1}')));
    expect(stack.outputs[0]?.references).toHaveLength(45);
  });

  test('can be deleted wherever an engine was killed that was creating it', async () => {
    const given = input({
      template: 'resources: {n: {type: n.yaml}}',
      files: { 'n.yaml': 'resources: {a: {type: OS::Heat::Value, properties: {value: 1}}}' },
    });
    const life = (more: Partial<Life>): Life => ({ seed: 1, types: () => [], ...more });
    const batches = await live(new MemoryStore(), life({}), (whole) => whole.create(given));
    for (let limit = 0; limit < batches; limit += 1) {
      const store = new MemoryStore();
      await live(store, life({ limit }), (killed) => killed.create(given));
      await live(store, life({ seed: 2 }), async (next) => {
        if (store.findStack('default', 's') !== undefined) await next.delete({ stack: 's' });
      });
      expect([limit, store.listStacks()]).toEqual([limit, []]);
    }
    expect(batches).toBeGreaterThan(4);
  });

  test('has its place in errors beside the file of the template that names it', () => {
    const files = { 'parts/n.yaml': `${HEAD}resources: {a: {type: OS::Heat::Value, properties: {b: 1}}}` };
    const template = `${HEAD}resources: {n: {type: parts/n.yaml}}`;
    for (const [file, shown] of [
      ['deep/app.yaml', 'deep/parts/n.yaml'],
      ['app.yaml', 'parts/n.yaml'],
      ['../app.yaml', '../parts/n.yaml'],
      ['/srv/app.yaml', '/srv/parts/n.yaml'],
    ] as const) {
      expect(() => engine.validate({ stack: 's', template, file, files })).toThrow(`at ${shown}:2:`);
    }
  });

  test.each([
    ['an unknown property is found before the run', '{image: i, nosuch: 1}', false, 'Unknown Property nosuch'],
    ['none of several is found before the run', '{flavor: m1}', false, "None of the properties 'image'"],
    ['a value that does not fit fails its resource, as under Heat', '{image: {a: 1}}', true, 'Value must be a string'],
    ['a missing property fails its resource, as under Heat', '{image: i}', true, 'Property flavor not assigned'],
  ])('%s', async (_, properties, ran, message) => {
    const created = create({
      template: 'resources: {n: {type: n.yaml}}',
      files: { 'n.yaml': `resources: {server: {type: OS::Nova::Server, properties: ${properties}}}` },
    });
    await expect(created).rejects.toThrow(message);
    expect(await engine.list()).toHaveLength(ran ? 1 : 0);
  });

  test('fails with its member, and is deleted with it', async () => {
    const failing = create({
      template: 'resources: {n: {type: n.yaml}, other: {type: OS::Heat::None}}',
      files: { 'n.yaml': 'resources: {f: {type: OS::Heat::TestResource, properties: {fail: true}}}' },
    });
    await expect(failing).rejects.toThrow('resources.n/f: Test Resource failed n/f');
    const { state, resources } = await engine.show('s');
    expect([state, ...resources.map((resource) => `${resource.name} ${resource.state}`)]).toEqual([
      'CREATE_FAILED',
      'n CREATE_FAILED',
      'n/f CREATE_FAILED',
      'other CREATE_COMPLETE',
    ]);
  });

  test.each([
    {
      rule: 'in a circle',
      template: 'resources: {n: {type: n.yaml}}',
      nested: 'resources: {n: {type: n.yaml}}',
      error: 'Recursion depth exceeds 5.',
    },
    {
      rule: 'that is not given',
      template: 'resources: {n: {type: missing.yaml}}',
      nested: '',
      error: 'Could not fetch remote template "missing.yaml"',
    },
    {
      rule: 'with a property that it has not',
      template: 'resources: {n: {type: n.yaml, properties: {prot: 1}}}',
      nested: 'parameters: {port: {type: number, default: 1}}',
      error: 'Unknown Property prot',
    },
    {
      rule: 'without a parameter that it needs',
      template: 'resources: {n: {type: n.yaml}}',
      nested: 'parameters: {port: {type: number}}',
      error: 'Property port not assigned',
    },
    {
      rule: 'whose parameter breaks a constraint',
      template: 'resources: {n: {type: n.yaml, properties: {port: 70000}}}',
      nested: 'parameters: {port: {type: number, constraints: [{range: {max: 65535}}]}}',
      error: 'Property error: resources.n.properties.port',
    },
    {
      rule: 'with an error of its own, in its file',
      template: 'resources: {n: {type: n.yaml}}',
      nested: 'resources: {x: {type: Nope}}',
      error: 'at n.yaml:2:',
    },
    {
      rule: 'whose condition depends on what is not there before the run',
      template: `
resources:
  v: {type: OS::Heat::Value, properties: {value: yes}}
  n: {type: n.yaml, properties: {'on': {get_attr: [v, value]}}}`,
      nested: `
parameters: {'on': {type: string}}
conditions: {c: {equals: [{get_param: 'on'}, 'yes']}}
resources: {x: {type: OS::Heat::None, condition: c}}`,
      error: "The parameter 'on' of the nested template of 'n' is not known before the run.",
    },
  ])('$rule is refused', ({ template, nested, error }) => {
    expect(() => engine.validate(input({ template, files: { 'n.yaml': nested } }))).toThrow(error);
  });

  test('finds files relative to its own', async () => {
    const { outputs } = await create({
      template: 'resources: {n: {type: net/n.yaml}}\noutputs: {o: {value: {get_attr: [n, o]}}}',
      files: {
        'net/n.yaml': "resources: {m: {type: '../lib/m.yaml'}}\noutputs: {o: {value: {get_attr: [m, o]}}}",
        'lib/m.yaml': 'outputs: {o: {value: deep}}',
      },
    });
    expect(outputs).toEqual({ o: 'deep' });
  });
});

describe('OS::Heat::ResourceGroup', () => {
  const group = (properties: string, outputs: string): Case => ({
    template: `
parameters: {n: {type: number, default: 2}}
resources:
  seed: {type: OS::Heat::Value, properties: {value: {k: [10, 20]}}}
  g:
    type: OS::Heat::ResourceGroup
    properties:
      ${properties}
      resource_def: {type: OS::Heat::Value, properties: {value: {name: 'v%index%', seed: {get_attr: [seed, value]}}}}
outputs: {o: {value: {get_attr: ${outputs}}}}`,
  });

  test.each<{ asked: string; value: Json; properties?: string }>([
    { asked: '[g, value, name]', value: ['v0', 'v1'] },
    { asked: '[g, value, seed, k, 1]', value: [20, 20] },
    { asked: '[g, attributes, value, name]', value: { 0: 'v0', 1: 'v1' } },
    { asked: '[g, resource.1.value, name]', value: 'v1' },
    { asked: '[g, resource.1, value, name]', value: 'v1' },
    { asked: '[g, value, name]', value: ['v1', 'v2'], properties: "removal_policies: [{resource_list: ['0']}]" },
    { asked: '[g, removed_rsrc_list]', value: ['0'], properties: "removal_policies: [{resource_list: ['0']}]" },
    { asked: '[g, value]', value: [], properties: 'count: 0' },
  ])('get_attr: $asked with $properties', async ({ asked, value, properties = 'count: {get_param: n}' }) => {
    const counted = properties.includes('count') ? properties : `count: 2\n      ${properties}`;
    expect((await create(group(counted, asked))).outputs).toEqual({ o: value });
  });

  test('a count over the limit is refused', () => {
    expect(() => engine.validate(input(group('count: 51', '[g, refs]')))).toThrow(
      'the maximum resources per stack, 50',
    );
  });

  test('a count that depends on a resource is refused with its place', () => {
    expect(() => engine.validate(input(group('count: {get_attr: [seed, value]}', '[g, refs]')))).toThrow(
      /The property 'count' of 'g' is not known before the run.\n {2}at <template>:9/,
    );
  });
});

test('OS::Heat::ResourceChain makes each after the one before it', async () => {
  await create({
    template: `
resources:
  c:
    type: OS::Heat::ResourceChain
    properties: {resources: [OS::Heat::TestResource, OS::Heat::TestResource], resource_properties: {wait_secs: 1}}`,
  });
  const told = events.flatMap((event) => (event.type === 'resource' ? [`${event.resource} ${event.status}`] : []));
  expect(told).toEqual([
    'c IN_PROGRESS',
    'c/0 IN_PROGRESS',
    'c/0 COMPLETE',
    'c/1 IN_PROGRESS',
    'c/1 COMPLETE',
    'c COMPLETE',
  ]);
});

test('an environment puts a template in the place of a type, and gives defaults to its parameters', async () => {
  const { outputs } = await create({
    template: 'resources: {r: {type: My::Type}}\noutputs: {o: {value: {get_attr: [r, o]}}}',
    files: { 'n.yaml': 'parameters: {p: {type: string}}\noutputs: {o: {value: {get_param: p}}}' },
    environments: [{ resource_registry: { 'My::Type': 'n.yaml' }, parameter_defaults: { p: 'from the environment' } }],
  });
  expect(outputs).toEqual({ o: 'from the environment' });
});

test('a template with problems is understood as far as it goes', () => {
  const { resources, problems } = engine.inspect(
    input({
      template: `
resources:
  a: {type: Nope, properties: {x: 1}}
  b: {type: OS::Heat::Value, depends_on: a, properties: {value: {get_attr: [a, whatever]}}}
  c: {type: missing.yaml}`,
    }),
  );
  expect(Object.entries(resources).map(([name, { requires }]) => [name, requires])).toEqual([
    ['a', []],
    ['b', ['a']],
    ['c', []],
  ]);
  expect(problems.map(({ what }) => what)).toEqual([
    'The Resource Type (Nope) could not be found.',
    'Could not fetch remote template "missing.yaml": the file was not given along with the template.',
  ]);
});
