import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlainType, Engine, parseTemplate, SqliteStore } from 'hotloom';
import { chainTemplate, layeredTemplate } from './layered.mjs';
import { asyncAuto, barePromises, counters, effect, lazyCells, pGraph, terraform } from './layered-peers.mjs';
import { timed } from './timed.mjs';

/**
 * What a no-op resource costs: `n` resources with 3 dependences each. The peer is the same graph of bare promises, each
 * awaiting Promise.all of those it depends on. The template is parsed before the clock starts; analysis, graph, records,
 * values and the description at the end are in it.
 */
export const subjects = {
  'bare promises': barePromises,
  'counter scheduler': counters,
  'lazy cells, 10 attributes': lazyCells,
  effect,
  'p-graph': pGraph,
  'async.auto': asyncAuto,
  'engine, in memory': (n) => runEngine(n),
  'engine, events heard': (n) => runEngine(n, { isHeard: true }),
  'engine, 10 attributes': (n) => runEngine(n, { type: Wide.name }),
  'engine, chain': (n) => runEngine(n, { template: chainTemplate(n, NoOp.name) }),
  'engine, chain, events heard': (n) => runEngine(n, { template: chainTemplate(n, NoOp.name), isHeard: true }),
  'engine, SQLite': (n) => runEngine(n, { file: 'store.db' }),
  terraform,
};

export const peer = 'bare promises';

/** Where a subject is of use; default: everywhere. */
export const sizesOf = {
  'lazy cells, 10 attributes': [10_000, 100_000],
  effect: [10_000, 100_000],
  'p-graph': [10_000, 100_000],
  'async.auto': [1000],
  'engine, events heard': [10_000, 100_000],
  'engine, 10 attributes': [100_000],
  'engine, chain': [100_000, 1_000_000],
  'engine, chain, events heard': [100_000],
  'engine, SQLite': [10_000, 100_000],
  terraform: [1000],
};

/** What cannot be warmed up. */
export const cold = new Set(['terraform']);

const NoOp = definePlainType({
  name: 'Bench::NoOp',
  properties: { in0: {}, in1: {}, in2: {} },
  attributes: { value: { schema: {} } },
  handler: { create: async () => ({ value: 1 }) },
});

const WIDE = Object.fromEntries(
  ['value', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name) => [name, { schema: {} }]),
);
const Wide = definePlainType({
  name: 'Bench::Wide',
  properties: { in0: {}, in1: {}, in2: {} },
  attributes: WIDE,
  handler: { create: async () => ({ value: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, j: 10 }) },
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
async function runEngine(n, { file, type = NoOp.name, template: document, isHeard = false } = {}) {
  engine ??= await startEngine(file);
  const template = parseTemplate(document ?? layeredTemplate(n, type), {});
  const stack = `bench-${stacks++}`;
  let heard = 0;
  const stop = isHeard ? engine.onEvent(() => (heard += 1)) : undefined;
  const result = await timed(() => engine.create({ stack, template }));
  stop?.();
  if (isHeard && heard < 2 * n) throw new Error(`Only ${heard} events were heard.`);
  await engine.delete({ stack });
  return result;
}

async function startEngine(file) {
  const directory = file === undefined ? undefined : await mkdtemp(join(tmpdir(), 'hotloom-bench-'));
  if (directory !== undefined) process.on('exit', () => rmSync(directory, { recursive: true }));
  const started = new Engine({
    types: [NoOp, Wide, Working],
    limits: { maxResources: 1_000_000, maxTemplateSize: Number.MAX_SAFE_INTEGER },
    ...(directory === undefined ? {} : { store: SqliteStore.open(join(directory, file)) }),
  });
  const other = layeredTemplate(12, NoOp.name);
  other.resources.r11.type = Working.name;
  void started.create({ stack: 'other', template: other, timeoutMs: 2 ** 31 - 1 });
  return started;
}
