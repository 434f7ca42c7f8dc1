import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isAcyclic } from '../../src/graph/order.ts';
import { PortGraphBuilder } from '../../src/graph/port-graph.ts';
import { runs } from '../random.ts';

const RESOURCE = { inputNames: ['p'], outputs: ['x', 'y'] };
const PORTS = 5;

test('a graph is acyclic exactly when no port is behind itself', () => {
  const edges = fc.array(fc.tuple(fc.nat(3 * PORTS - 1), fc.nat(3 * PORTS - 1)), { maxLength: 12 });
  fc.assert(
    fc.property(edges, fc.boolean(), (pairs, isForwards) => {
      const builder = new PortGraphBuilder(['a', 'b', 'c'].map((name) => ({ ...RESOURCE, name })));
      // Half of the graphs have edges to later ports only, as templates mostly have.
      const used = pairs.filter(([from, to]) => !isForwards || from < to);
      for (const [from, to] of used) builder.addEdge(from, to);
      const behind = new Map<number, Set<number>>();
      for (let round = 0; round < 3 * PORTS; round += 1) {
        for (const [from, to] of used) {
          const all = behind.get(to) ?? new Set();
          behind.set(to, all.add(from));
          for (const before of behind.get(from) ?? []) all.add(before);
        }
      }
      const isCyclic = [...behind].some(([port, all]) => all.has(port));
      expect(isAcyclic(builder.build())).toBe(!isCyclic);
    }),
    { numRuns: runs(2000) },
  );
});
