import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { layeredDependencies } from './layered.mjs';
import { timed } from './timed.mjs';

// Other ways to run a layered graph of no-op tasks, each waiting for 3: what the engine is compared with.

async function work() {}

/** Each task awaits Promise.all of those before it. What most programs would write. */
export function barePromises(n) {
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
}

/** In-degrees in typed arrays and a queue of what is ready: no promise per edge. The floor for any scheduler. */
export function counters(n) {
  const dependencies = layeredDependencies(n);
  return timed(async () => {
    const missing = new Uint32Array(n);
    const offsets = new Uint32Array(n + 1);
    let edges = 0;
    for (let i = 0; i < n; i += 1) {
      missing[i] = dependencies[i].length;
      edges += dependencies[i].length;
      for (const j of dependencies[i]) offsets[j + 1] += 1;
    }
    for (let i = 0; i < n; i += 1) offsets[i + 1] += offsets[i];
    const next = offsets.slice();
    const readers = new Uint32Array(edges);
    for (let i = 0; i < n; i += 1) for (const j of dependencies[i]) readers[next[j]++] = i;
    await new Promise((resolve, reject) => {
      let left = n;
      const start = (i) => void work().then(() => end(i), reject);
      const end = (i) => {
        for (let edge = offsets[i]; edge < offsets[i + 1]; edge += 1) {
          missing[readers[edge]] -= 1;
          if (missing[readers[edge]] === 0) start(readers[edge]);
        }
        left -= 1;
        if (left === 0) resolve();
      };
      for (let i = 0; i < n; i += 1) if (dependencies[i].length === 0) start(i);
    });
  });
}

const ATTRIBUTES = 10;

/** Ten values per task in one array, a promise only for one that is read before it is written. */
export function lazyCells(n) {
  const dependencies = layeredDependencies(n);
  return timed(async () => {
    const values = new Array(n * ATTRIBUTES);
    const waiting = new Map();
    const read = (cell) => {
      if (values[cell] !== undefined) return values[cell];
      let blocked = waiting.get(cell);
      if (blocked === undefined) {
        blocked = {};
        blocked.promise = new Promise((resolve) => {
          blocked.resolve = resolve;
        });
        waiting.set(cell, blocked);
      }
      return blocked.promise;
    };
    const write = (cell, value) => {
      values[cell] = value;
      const blocked = waiting.get(cell);
      if (blocked === undefined) return;
      waiting.delete(cell);
      blocked.resolve(value);
    };
    const task = async (i) => {
      for (const [k, j] of dependencies[i].entries()) {
        const value = read(j * ATTRIBUTES + k);
        if (value instanceof Promise) await value;
      }
      await work();
      for (let k = 0; k < ATTRIBUTES; k += 1) write(i * ATTRIBUTES + k, k);
    };
    await Promise.all(Array.from({ length: n }, (_, i) => task(i)));
  });
}

/** `auto` of the package async. */
export async function asyncAuto(n) {
  const { default: async } = await peer('async');
  const tasks = {};
  for (const [i, before] of layeredDependencies(n).entries()) {
    tasks[`t${i}`] = before.length === 0 ? async () => work() : [...before.map((j) => `t${j}`), async () => work()];
  }
  return timed(() => async.auto(tasks));
}

/** The package p-graph. */
export async function pGraph(n) {
  const { PGraph } = await peer('p-graph');
  const nodes = new Map();
  const edges = [];
  for (const [i, before] of layeredDependencies(n).entries()) {
    nodes.set(`t${i}`, { run: work });
    for (const j of before) edges.push([`t${j}`, `t${i}`]);
  }
  return timed(() => new PGraph(nodes, edges).run());
}

/** Fibers of the package effect, a Deferred for each task. */
export async function effect(n) {
  const { Effect, Deferred } = await peer('effect');
  const dependencies = layeredDependencies(n);
  const program = Effect.gen(function* () {
    const done = [];
    for (let i = 0; i < n; i += 1) done.push(yield* Deferred.make());
    yield* Effect.forEach(
      dependencies,
      (before, i) =>
        Effect.gen(function* () {
          for (const j of before) yield* Deferred.await(done[j]);
          yield* Effect.promise(work);
          yield* Deferred.succeed(done[i], i);
        }),
      { concurrency: 'unbounded', discard: true },
    );
  });
  return timed(() => Effect.runPromise(program));
}

/** The same graph of `terraform_data`, Terraform's own no-op: the time of `terraform apply` of a saved plan. */
export function terraform(n) {
  const directory = mkdtempSync(join(tmpdir(), 'hotloom-bench-'));
  const run = (...args) =>
    execFileSync('terraform', args, {
      cwd: directory,
      env: { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  try {
    run('version');
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error('not measured: there is no terraform in the PATH');
    throw error;
  }
  try {
    writeFileSync(join(directory, 'main.tf'), terraformText(n));
    run('init', '-input=false', '-no-color');
    run('plan', '-input=false', '-no-color', '-out=plan');
    return timed(() => run('apply', '-input=false', '-no-color', 'plan'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function terraformText(n) {
  return layeredDependencies(n)
    .map((before, i) => {
      // The whole values would grow from layer to layer.
      const values = before.map((j) => `substr(terraform_data.r${j}.output, 0, 4)`);
      const input = before.length === 0 ? `"v${i}"` : `join(",", [${values.join(', ')}])`;
      return `resource "terraform_data" "r${i}" {\n  input = ${input}\n}\n`;
    })
    .join('');
}

const require = createRequire(new URL('./peers/package.json', import.meta.url));

/** They are no dependencies of this package: `npm ci --prefix test/bench/peers` installs them. */
async function peer(name) {
  let file;
  try {
    file = require.resolve(name);
  } catch {
    throw new Error('not measured: npm ci --prefix test/bench/peers installs it');
  }
  return import(pathToFileURL(file));
}
