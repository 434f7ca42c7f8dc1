import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlainType, Engine, parseTemplate, SqliteStore } from 'hotloom';
import { layeredDependencies, layeredTemplate } from './layered.mjs';
import { timed } from './timed.mjs';

/**
 * What a no-op resource costs: `n` resources with 3 dependences each. The floor is the same graph of bare promises, each
 * awaiting Promise.all of those it depends on. The template is parsed before the clock starts; analysis, graph, records
 * and values are in it.
 */
export const subjects = {
  'bare promises': async (n) => {
    const dependencies = layeredDependencies(n);
    return timed(async () => {
      const tasks = new Array(n);
      for (let i = 0; i < n; i += 1) {
        const before = dependencies[i];
        tasks[i] =
          before.length === 0
            ? Promise.resolve().then(() => work())
            : Promise.all(before.map((j) => tasks[j])).then(() => work());
      }
      await Promise.all(tasks);
    });
  },
  'engine, in memory': (n) => runEngine(n),
  'engine, SQLite': async (n) => {
    const directory = await mkdtemp(join(tmpdir(), 'hotloom-bench-'));
    try {
      return await runEngine(n, SqliteStore.open(join(directory, 'store.db')));
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
};

export const peer = 'bare promises';

async function work() {}

const NoOp = definePlainType({
  name: 'Bench::NoOp',
  properties: { in0: {}, in1: {}, in2: {} },
  attributes: { value: { schema: {} } },
  handler: { create: async () => ({ value: 1 }) },
});

async function runEngine(n, store) {
  const engine = new Engine({
    types: [NoOp],
    limits: { maxResources: n, maxTemplateSize: Number.MAX_SAFE_INTEGER },
    ...(store === undefined ? {} : { store }),
  });
  const template = parseTemplate(layeredTemplate(n, NoOp.name), {});
  const result = await timed(() => engine.create({ stack: 'bench', template }));
  await engine.close();
  return result;
}
