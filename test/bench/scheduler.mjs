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
  'engine, SQLite': (n) => runEngine(n, 'store.db'),
};

export const peer = 'bare promises';

async function work() {}

const NoOp = definePlainType({
  name: 'Bench::NoOp',
  properties: { in0: {}, in1: {}, in2: {} },
  attributes: { value: { schema: {} } },
  handler: { create: async () => ({ value: 1 }) },
});

const working = [];
const Working = definePlainType({
  name: 'Bench::Working',
  properties: { in0: {}, in1: {}, in2: {} },
  attributes: { value: { schema: {} } },
  handler: {
    create: (call) => {
      working.push(call);
      return new Promise(() => {});
    },
  },
});

/** The engine of this process. */
let engine;
let stacks = 0;

/**
 * Creates a stack on an engine that is at work on another one, as engines in a tool are. Without the other one the
 * garbage collection before the measurement would also undo the warm-up: V8 drops compiled code together with the last
 * objects of the shapes that it was compiled for.
 */
async function runEngine(n, file) {
  engine ??= await startEngine(file);
  const template = parseTemplate(layeredTemplate(n, NoOp.name), {});
  const stack = `bench-${stacks++}`;
  const result = await timed(() => engine.create({ stack, template }));
  await engine.delete({ stack });
  return result;
}

async function startEngine(file) {
  const directory = file === undefined ? undefined : await mkdtemp(join(tmpdir(), 'hotloom-bench-'));
  if (directory !== undefined) process.on('exit', () => rmSync(directory, { recursive: true }));
  const started = new Engine({
    types: [NoOp, Working],
    limits: { maxResources: 1_000_000, maxTemplateSize: Number.MAX_SAFE_INTEGER },
    ...(directory === undefined ? {} : { store: SqliteStore.open(join(directory, file)) }),
  });
  const other = layeredTemplate(12, NoOp.name);
  other.resources.r11.type = Working.name;
  void started.create({ stack: 'other', template: other, timeoutMs: 2 ** 31 - 1 });
  return started;
}
