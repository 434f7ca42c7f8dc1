import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { definePlainType, Engine, parseTemplate, SqliteStore } from 'hotloom';
import Database from 'libsql';
import { inDirectory } from './in-directory.mjs';
import { layeredDependencies, layeredTemplate } from './layered.mjs';
import { timed } from './timed.mjs';

/**
 * A stack of `n` no-op resources with SQLite. The peer writes the same records and values, and nothing else, with the same
 * binding and the same pragmas: a transaction for the intents of each layer, one for its results, rows by the hundred. Without
 * edges each resource publishes a text, which is a secret, and encrypted.
 */
export const subjects = {
  'direct writes': (n) => inDirectory((directory) => writeDirectly(join(directory, 'direct.db'), n)),
  'engine, SQLite': (n) =>
    inDirectory(async (directory) => {
      const store = SqliteStore.open(join(directory, 'store.db'));
      const engine = new Engine({ types: [NoOp], store, limits: { maxResources: n } });
      const template = parseTemplate(layeredTemplate(n, NoOp.name), {});
      const result = await timed(() => engine.create({ stack: 'bench', template }));
      await engine.close();
      return result;
    }),
  'engine, no edges': (n) => createAlone(n, Own.name, {}),
  'the same, secrets': (n) => createAlone(n, Secret.name, {}),
  'the same, encrypted': (n) => createAlone(n, Secret.name, { encryption: { keys: [randomBytes(32)] } }),
};

export const peer = 'direct writes';

export const sizes = [10_000];

const NoOp = definePlainType({
  name: 'Bench::NoOp',
  properties: { in0: {}, in1: {}, in2: {} },
  attributes: { value: { schema: {} } },
  handler: { create: async () => ({ value: 1 }) },
});

/** Each publishes a text of its own, as what makes a password does. */
const own = (name, isSecret) =>
  definePlainType({
    name,
    properties: { number: {} },
    attributes: { value: { schema: {}, ...(isSecret ? { secret: true } : {}) } },
    handler: { create: async ({ properties }) => ({ value: `a password of 32 characters ${properties.number}` }) },
  });
const Own = own('Bench::Own', false);
const Secret = own('Bench::Secret', true);

function createAlone(n, type, options) {
  return inDirectory(async (directory) => {
    const store = SqliteStore.open(join(directory, 'store.db'));
    const engine = new Engine({ types: [Own, Secret], store, limits: { maxResources: n }, ...options });
    const numbers = Array.from({ length: n }, (_, number) => number);
    const resources = Object.fromEntries(numbers.map((number) => [`r${number}`, { type, properties: { number } }]));
    const template = parseTemplate({ heat_template_version: '2021-04-16', resources }, {});
    const result = await timed(() => engine.create({ stack: 'bench', template }));
    await engine.close();
    return result;
  });
}

async function writeDirectly(file, n) {
  const database = new Database(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  database.exec(
    'CREATE TABLE resources (ordinal INTEGER PRIMARY KEY, stack INTEGER NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL, result TEXT, UNIQUE (stack, name)) STRICT',
  );
  const upsert = (rows) =>
    database.prepare(
      `INSERT INTO resources (stack, name, record, result) VALUES ${Array(rows).fill('(?, ?, ?, ?)').join(', ')}
       ON CONFLICT (stack, name) DO UPDATE SET record = excluded.record, result = coalesce(excluded.result, result)`,
    );
  const statements = [100, 1].map((rows) => ({ rows, statement: upsert(rows) }));
  const layers = layersOf(n);
  const result = await timed(() => {
    for (const layer of layers) {
      for (const status of ['IN_PROGRESS', 'COMPLETE']) {
        database.exec('BEGIN');
        let position = 0;
        for (const { rows, statement } of statements) {
          for (; position + rows <= layer.length; position += rows) {
            const values = [];
            for (const resource of layer.slice(position, position + rows)) {
              const record = { ...resource, action: 'CREATE', status, updatedAt: Date.now() };
              const published = status === 'COMPLETE' ? '{"value":1,"refid":null}' : null;
              values.push(1, resource.name, JSON.stringify(record), published);
            }
            statement.run(values);
          }
        }
        database.exec('COMMIT');
      }
    }
  });
  database.close();
  return result;
}

/** What a record tells, resource by resource, in layers. */
function layersOf(n) {
  const layers = [];
  const depth = [];
  for (const [task, before] of layeredDependencies(n).entries()) {
    depth[task] = before.length === 0 ? 0 : 1 + depth[before[0]];
    layers[depth[task]] ??= [];
    layers[depth[task]].push({
      name: `r${task}`,
      type: NoOp.name,
      physicalName: `bench-r${task}-0123456789ab`,
      reason: 'state changed',
      token: randomUUID(),
      data: {},
      requires: before.map((other) => `r${other}`),
      deletionPolicy: 'Delete',
    });
  }
  return layers;
}
