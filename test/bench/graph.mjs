import * as graphlib from '@dagrejs/graphlib';
import { definePlainType, Engine, parseTemplate } from 'hotloom';
import { buildPortGraph } from '../../dist/graph/build.js';
import { describeCycles } from '../../dist/graph/cycles.js';
import { layeredDependencies, layeredTemplate } from './layered.mjs';
import { timed } from './timed.mjs';

/**
 * The search for static deadlocks in a graph that is made already: `n` resources with 3 references each. The peer is one
 * walk of Kahn's over the same ports and edges in plain arrays.
 */
export const subjects = {
  'Kahn over the same edges': async (n) => {
    const { graph } = await understood(n);
    // The engine has looked for deadlocks once already, when it validated: the peer walks once before, too.
    kahn(graph);
    return timed(() => kahn(graph));
  },
  'deadlock analysis': async (n) => {
    const { graph, stack } = await understood(n);
    return timed(() => describeCycles(graph, stack));
  },
  'ports and edges': async (n) => {
    const { stack } = await understood(n);
    return timed(() => buildPortGraph(stack));
  },
  'graphlib findCycles': (n) => {
    const graph = new graphlib.Graph();
    for (const [task, before] of layeredDependencies(n).entries()) {
      for (const other of before) graph.setEdge(String(other), String(task));
    }
    return timed(() => graphlib.alg.findCycles(graph));
  },
};

export const peer = 'Kahn over the same edges';

export const sizes = [10_000, 100_000];

export const sizesOf = { 'graphlib findCycles': [10_000] };

const NoOp = definePlainType({
  name: 'Bench::NoOp',
  properties: { in0: {}, in1: {}, in2: {} },
  attributes: { value: { schema: {} } },
  handler: { create: async () => ({ value: 1 }) },
});

async function understood(n) {
  const engine = new Engine({ types: [NoOp], limits: { maxResources: n } });
  const template = parseTemplate(layeredTemplate(n, NoOp.name), {});
  const analysis = engine.validate({ stack: 'bench', template });
  await engine.close();
  return analysis;
}

function kahn({ size, successors: { offsets, targets } }) {
  const missing = new Uint32Array(size);
  for (let edge = 0; edge < targets.length; edge += 1) missing[targets[edge]] += 1;
  const order = new Uint32Array(size);
  let end = 0;
  for (let port = 0; port < size; port += 1) if (missing[port] === 0) order[end++] = port;
  for (let head = 0; head < end; head += 1) {
    const port = order[head];
    for (let edge = offsets[port]; edge < offsets[port + 1]; edge += 1) {
      missing[targets[edge]] -= 1;
      if (missing[targets[edge]] === 0) order[end++] = targets[edge];
    }
  }
  if (end !== size) throw new Error('The graph has a cycle.');
}
