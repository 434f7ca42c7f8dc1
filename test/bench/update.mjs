import { join } from 'node:path';
import { definePlainType, Engine, SqliteStore } from 'hotloom';
import { inDirectory } from './in-directory.mjs';
import { layeredTemplate } from './layered.mjs';
import { timed } from './timed.mjs';

/**
 * An update of a stack of `n` no-op resources in which nothing changes, with SQLite. The peer only reads the stack from the
 * store, parses its template and resolves its properties, as whoever wants to know whether something changes has to.
 */
export const subjects = {
  'read and resolve': (n) =>
    withStack(n, async (engine, store) => {
      const { id, parameters } = await engine.show('s');
      const { template } = store.findStack('default', 's');
      store.resources(id);
      const values = new Map(
        store.values(id).map(({ resource, attribute, value }) => [`${resource}.${attribute}`, value]),
      );
      const { resources } = engine.inspect({ stack: 's', template, parameters }, (resource, attribute) =>
        values.get(`${resource}.${attribute}`),
      );
      if (Object.keys(resources).length !== n) throw new Error('Not all are there.');
    }),
  'update, nothing changes': (n) =>
    withStack(n, async (engine) => {
      const { resources } = await engine.update({ stack: 's', existing: true });
      if (resources.some(({ state }) => state !== 'CREATE_COMPLETE')) throw new Error('Something has changed.');
    }),
  'preview, nothing changes': (n) =>
    withStack(n, async (engine) => {
      const { steps } = await engine.previewUpdate({ stack: 's', existing: true });
      if (steps.some(({ action }) => action !== 'unchanged')) throw new Error('Something would change.');
    }),
};

export const peer = 'read and resolve';

export const sizes = [10_000];

const NoOp = definePlainType({
  name: 'Bench::NoOp',
  properties: { in0: {}, in1: {}, in2: {} },
  attributes: { value: { schema: {} } },
  handler: { create: async () => ({ value: 1 }) },
});

/** How long the work takes with an engine that has found the stack in its store. */
function withStack(n, work) {
  return inDirectory(async (directory) => {
    const open = () => SqliteStore.open(join(directory, 'store.db'));
    const limits = { maxResources: n, maxTemplateSize: Number.MAX_SAFE_INTEGER };
    const maker = new Engine({ types: [NoOp], store: open(), limits });
    await maker.create({ stack: 's', template: layeredTemplate(n, NoOp.name) });
    await maker.close();
    const store = open();
    const engine = new Engine({ types: [NoOp], store, limits });
    const result = await timed(() => work(engine, store));
    await engine.close();
    return result;
  });
}
