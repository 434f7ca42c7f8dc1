import { inspect } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import type { CreateCall } from '../../src/resource/handler.ts';
import { definePlainType, defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import type { World } from './world.ts';
import { closeWorlds, failure, world } from './worlds.ts';

afterEach(closeWorlds);

const SECRET = 's3cr3t-x';

/** What a careless handler does with a secret. */
function carelessType(create: (password: string, call: CreateCall) => unknown): ResourceType {
  let remembered = '';
  return definePlainType({
    name: 'Careless',
    properties: { a: { type: 'string' } },
    attributes: {},
    handler: {
      create: async (call) => {
        remembered = call.properties.a as string;
        await create(remembered, call);
        return {};
      },
      delete: ({ log }) => {
        log(`drop ${remembered}`);
        throw new Error(`cannot drop ${remembered}`, { cause: { message: `inner ${remembered}` } });
      },
    },
  });
}

const CREATES: readonly (readonly [string, ResourceType])[] = [
  [
    'in a log line, the message, the cause and a field of its error',
    carelessType((password, { log }) => {
      log(`password ${password}`);
      throw Object.assign(new Error(`bad ${password}`, { cause: { message: `inner ${password}` } }), {
        cmd: `mysql -p${password}`,
      });
    }),
  ],
  [
    'among the errors of an AggregateError',
    carelessType((password) => {
      throw new AggregateError([new Error(`bad ${password}`)], 'many');
    }),
  ],
  [
    'in the fields of a failed command',
    carelessType((password) => {
      const cmd = `mysql -p${password}`;
      throw Object.assign(new Error('exit 1'), { cmd, stderr: Buffer.from(cmd) });
    }),
  ],
  [
    'in an attribute that is not declared',
    defineStreamingType({
      name: 'Careless',
      properties: { a: { type: 'string' } },
      attributes: {},
      handler: {
        create: async ({ inputs, publish }) => {
          await publish(`of ${await inputs.a}`, 1);
        },
      },
    }),
  ],
  ['only in its delete', carelessType(() => {})],
];

const TEMPLATE = `
heat_template_version: hotloom-1
parameters: {p: {type: string, hidden: true}}
resources:
  a: {type: Careless, properties: {a: {get_param: p}}}
`;

/** Every place where the secret stands in what was told and stored. */
async function leaks(w: World, store: MemoryStore, errors: readonly unknown[]): Promise<readonly string[]> {
  const shown = await w.engine.show('s');
  const everything = {
    events: w.events,
    storedEvents: await w.engine.storedEvents('s'),
    shown,
    records: store.resources(shown.id),
    errors,
    json: JSON.stringify(errors),
    traces: errors.map((error) => (error instanceof Error ? [error.message, error.stack] : [])),
  };
  return Object.entries(everything)
    .filter(([, what]) => inspect(what, { depth: 12, maxStringLength: null }).includes(SECRET))
    .map(([where]) => where);
}

test.each(CREATES)('a hidden parameter is told and stored nowhere, when a handler has it %s', async (_, type) => {
  for (const rollback of [false, true]) {
    const store = new MemoryStore();
    const w = world({}, { types: [type], store });
    const create = { stack: 's', template: TEMPLATE, parameters: { p: SECRET }, rollback };
    const errors = [await w.clock.run(w.engine.create(create).catch((error: unknown) => error))];
    if (type.handler.delete !== undefined) errors.push(await failure(w.engine.delete({ stack: 's' })));
    expect([rollback, await leaks(w, store, errors)]).toEqual([rollback, []]);
  }
});

test('what a delete handler says of a hidden parameter is masked in its reason and its log', async () => {
  const w = world({}, { types: [carelessType(() => {})] });
  await w.clock.run(w.engine.create({ stack: 's', template: TEMPLATE, parameters: { p: SECRET } }));
  const error = await failure(w.engine.delete({ stack: 's' }));
  const [resource] = (await w.engine.show('s')).resources;
  expect([error.what, resource?.reason, w.of('resource:didLog').map(({ line }) => line)]).toEqual([
    'Stack DELETE failed: Resource DELETE failed: Error: resources.a: cannot drop ******',
    'cannot drop ******',
    ['drop ******'],
  ]);
});
