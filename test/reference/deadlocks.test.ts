import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildPortGraph } from '../../src/graph/build.ts';
import { findCycles } from '../../src/graph/cycles.ts';
import type { PortGraph } from '../../src/graph/port-graph.ts';
import { stackOf } from '../graph/stack-of.ts';
import { runs } from '../random.ts';
import type { ResourceSketch, Step } from '../simulation/scenario.ts';
import { playModel } from './model-end.ts';
import { type Sketch, searchSchedules } from './search.ts';

/**
 * The theorem: the static analysis refuses a stack exactly when a schedule of handlers that keep their declarations gets
 * stuck. And whatever the schedule, the same happens in the end. The model of stacks, which knows handlers and no edges, agrees.
 */
function differs(sketch: Sketch, build: (sketch: Sketch) => PortGraph = graphOf): string | undefined {
  const { ends, getsStuck } = searchSchedules(sketch);
  if (ends.size !== 1) return `${ends.size} different ends`;
  if (completes(sketch) === getsStuck) return 'the model of stacks ends otherwise than the search';
  const isRefused = findCycles(build(sketch)).length > 0;
  if (isRefused === getsStuck) return undefined;
  return isRefused ? 'refused, and no schedule gets stuck' : 'accepted, and a schedule gets stuck';
}

function graphOf(sketch: Sketch): PortGraph {
  return buildPortGraph(stackOf('s', sketch));
}

/** Whether the model of stacks completes it, each input being awaited and each attribute written by a branch of its own. */
function completes(sketch: Sketch): boolean {
  const resources = Object.entries(sketch).map(([name, { kind, inputs, needs, dependsOn }]): ResourceSketch => {
    const isPlain = kind === 'plain';
    const awaiting = (those: readonly string[]): Step[] => (those.length === 0 ? [] : [{ do: 'await', inputs: those }]);
    const writes = Object.entries(needs).map(([attribute, needed]): Step[] => [
      ...(isPlain ? [] : awaiting(needed)),
      { do: 'write', attribute },
    ]);
    return {
      name,
      type: isPlain ? 'Sim::Plain' : 'Sim::Open',
      isEnabled: true,
      dependsOn,
      inputs,
      outputs: isPlain ? {} : needs,
      branches: isPlain ? [writes.flat()] : [...Object.keys(inputs).map((input) => awaiting([input])), ...writes],
      removalMs: 0,
    };
  });
  const one = { name: 's', resources, startMs: 0, outputs: {}, rollback: false, cancelMs: undefined, timeoutMs: 0 };
  return playModel([one], {}).parts.every(({ phase }) => phase === 'complete');
}

const KINDS = ['plain', 'streaming'] as const;

/** Every stack of two resources with one input and up to two attributes each: who reads what, who needs what. */
function* allPairs(): Generator<Sketch> {
  const attributes = ['x', 'y'];
  const subsets = [[], ['x'], ['y'], ['x', 'y']];
  const sides = KINDS.flatMap((kind) =>
    subsets.flatMap((reads) =>
      (kind === 'plain' ? [[]] : subsets).flatMap((needy) =>
        [false, true].map((depends) => ({ kind, reads, needy, depends })),
      ),
    ),
  );
  const resource = (own: (typeof sides)[number], other: string) => ({
    kind: own.kind,
    inputs: own.reads.length === 0 ? {} : { i: own.reads.map((attribute) => `${other}.${attribute}`) },
    needs: Object.fromEntries(
      attributes.map((attribute) => [
        attribute,
        own.reads.length > 0 && (own.kind === 'plain' || own.needy.includes(attribute)) ? ['i'] : [],
      ]),
    ),
    dependsOn: own.depends ? [other] : [],
  });
  for (const a of sides) for (const b of sides) yield { a: resource(a, 'b'), b: resource(b, 'a') };
}

const sketch: fc.Arbitrary<Sketch> = fc.integer({ min: 2, max: 6 }).chain((size) => {
  const names = Array.from({ length: size }, (_, index) => `r${index}`);
  const attribute = fc.constantFrom(...names.flatMap((name) => [`${name}.x`, `${name}.y`]));
  const reads = fc.uniqueArray(attribute, { minLength: 1, maxLength: 2 });
  const resource = fc
    .record({
      kind: fc.constantFrom(...KINDS),
      inputs: fc.dictionary(fc.constantFrom('i', 'j'), reads, { maxKeys: 2 }),
      x: fc.subarray(['i', 'j']),
      y: fc.subarray(['i', 'j']),
      dependsOn: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, fc.subarray(names, { maxLength: 1 })),
    })
    .map(({ kind, inputs, x, y, dependsOn }) => {
      const has = (input: string): boolean => Object.hasOwn(inputs, input);
      const all = Object.keys(inputs);
      const needs = kind === 'plain' ? { x: all, y: all } : { x: x.filter(has), y: y.filter(has) };
      return { kind, inputs: { ...inputs }, needs, dependsOn };
    });
  return fc.tuple(...names.map(() => resource)).map((resources) => {
    // A resource that depends on itself is refused by the parser.
    const entries = names.map((name, index) => {
      const own = resources[index] as Sketch[string];
      return [name, { ...own, dependsOn: own.dependsOn.filter((other) => other !== name) }] as const;
    });
    return Object.fromEntries(entries);
  });
});

describe('the static analysis refuses exactly what can deadlock', () => {
  test('among all pairs of resources', () => {
    let refused = 0;
    let count = 0;
    for (const pair of allPairs()) {
      count += 1;
      expect([pair, differs(pair)]).toEqual([pair, undefined]);
      if (findCycles(graphOf(pair)).length > 0) refused += 1;
    }
    expect(count).toBe(1600);
    expect(refused).toBeGreaterThan(400);
    expect(refused).toBeLessThan(1200);
  });

  test('among random stacks of up to six', () => {
    fc.assert(
      fc.property(sketch, (one) => {
        expect(differs(one)).toBeUndefined();
      }),
      { numRuns: runs(400) },
    );
  });

  test('a graph without one of its edges is found out', () => {
    const found = fc.check(
      fc.property(sketch, fc.nat(), (one, which) => {
        expect(differs(one, (given) => withoutEdge(graphOf(given), which))).toBeUndefined();
      }),
      { numRuns: runs(400), endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });

  test('an analysis that takes every attribute to need all inputs is found out', () => {
    const found = fc.check(
      fc.property(sketch, (one) => {
        const needy = Object.entries(one).map(([name, { inputs, needs, ...rest }]) => {
          const all = Object.fromEntries(Object.keys(needs).map((attribute) => [attribute, Object.keys(inputs)]));
          return [name, { ...rest, inputs, needs: all }] as const;
        });
        expect(differs(one, () => graphOf(Object.fromEntries(needy)))).toBeUndefined();
      }),
      { numRuns: runs(400), endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});

function withoutEdge(graph: PortGraph, which: number): PortGraph {
  const { offsets, targets } = graph.successors;
  if (targets.length === 0) return graph;
  const gone = which % targets.length;
  return {
    ...graph,
    successors: {
      offsets: offsets.map((offset) => (offset > gone ? offset - 1 : offset)),
      targets: targets.filter((_, edge) => edge !== gone),
    },
  };
}
