import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Engine } from '../../src/engine.ts';
import { findCycles, stronglyConnected } from '../../src/graph/cycles.ts';
import { topologicalOrder } from '../../src/graph/order.ts';
import { type PortGraph, PortGraphBuilder, packRows } from '../../src/graph/port-graph.ts';
import { thrownBy } from '../template/scope-of.ts';
import { graphOf } from './graph-of.ts';

/** The resources of each cycle, in the order in which each waits for the next. */
function cyclesOf(graph: PortGraph): string[] {
  return findCycles(graph).map((cycle) => [...new Set(cycle.map(({ resource }) => resource))].join(' '));
}

describe('findCycles', () => {
  test.each([
    { edges: 'a>b b>c', cycles: [] },
    { edges: 'a>b b>a b>c', cycles: ['a b'] },
    { edges: 'a>b b>c c>a c>b', cycles: ['b c'] }, // the shortest way round is reported
    { edges: 'a>a', cycles: ['a'] },
    { edges: 'a>b b>a c>d d>c', cycles: ['a b', 'c d'] },
    { edges: 'a>b b>c c>a', cycles: ['a c b'] }, // each waits for the one after it
  ])('cycles of $edges', ({ edges, cycles }) => expect(cyclesOf(graphOf(edges))).toEqual(cycles));

  test('a chain of 100,000 resources is walked without recursion, also when its end leads back', () => {
    expect(cyclesOf(chain(100_000, false))).toEqual([]);
    expect(cyclesOf(chain(100_000, true))).toHaveLength(1);
  });

  test('a graph can be put into order exactly when it has no cycle', () => {
    const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 20 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const graph = graphOf(pairs.map(([from, to]) => `${from}>${to}`).join(' '));
        const orderable = (): Uint32Array => topologicalOrder(graph);
        if (findCycles(graph).length === 0) expect(orderable()).toHaveLength(graph.size);
        else expect(orderable).toThrow('has no cycle');
      }),
    );
  });
});

test('a circle through 50,000 resources is told of with each of its hops', () => {
  const size = 50_000;
  const resources = Object.fromEntries(
    Array.from({ length: size }, (_, index) => [
      `r${index}`,
      { type: 'OS::Heat::Value', properties: { value: { get_attr: [`r${(index + 1) % size}`, 'value'] } } },
    ]),
  );
  const template = { heat_template_version: '2021-04-16', resources };
  const engine = new Engine({ limits: { maxResources: size, maxTemplateSize: 2 ** 30 } });
  const [problem] = thrownBy(() => engine.validate({ stack: 's', template })).problems ?? [];
  const told = problem?.what.split(' <- ') ?? [];
  expect(told).toHaveLength(3 * size + 1);
  expect([...told.slice(0, 3), told.at(-1)]).toEqual([
    'Circular Dependency Found: r0 (start)',
    'r0.value (property)',
    'r1.value (attribute)',
    'r0 (start)',
  ]);
});

describe('stronglyConnected', () => {
  test('two nodes are in one group exactly when each can reach the other', () => {
    const edges = fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 16 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const groups: number[][] = [];
        stronglyConnected(
          7,
          packRows(
            7,
            pairs.map(([from]) => from),
            pairs.map(([, to]) => to),
          ),
          (group) => groups.push(group),
        );
        const groupOf = (node: number): number => groups.findIndex((group) => group.includes(node));
        const reach = closure(7, pairs);
        for (let a = 0; a < 7; a += 1) {
          for (let b = 0; b < 7; b += 1) {
            expect(groupOf(a) === groupOf(b)).toBe(a === b || (reach[a]?.[b] === true && reach[b]?.[a] === true));
          }
        }
      }),
    );
  });
});

function chain(length: number, isClosed: boolean): PortGraph {
  const builder = new PortGraphBuilder(Array.from({ length }, (_, index) => ({ name: `r${index}` })));
  for (let index = 0; index < length; index += 1) {
    builder.addEdge(builder.startPort(index), builder.donePort(index));
    if (index > 0) builder.addEdge(builder.donePort(index - 1), builder.startPort(index));
  }
  if (isClosed) builder.addEdge(builder.donePort(length - 1), builder.startPort(0));
  return builder.build();
}

/** Warshall's transitive closure. */
function closure(size: number, pairs: readonly (readonly [number, number])[]): boolean[][] {
  const reach = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  for (const [from, to] of pairs) (reach[from] as boolean[])[to] = true;
  for (let via = 0; via < size; via += 1) {
    for (const row of reach) if (row[via]) for (let to = 0; to < size; to += 1) row[to] ||= reach[via]?.[to] === true;
  }
  return reach;
}
