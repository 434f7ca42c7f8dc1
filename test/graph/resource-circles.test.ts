import { expect, test } from '@jest/globals';
import { buildPortGraph } from '../../src/graph/build.ts';
import { findResourceCircles } from '../../src/graph/resource-circles.ts';
import type { Sketch } from '../reference/search.ts';
import { stackOf } from './stack-of.ts';

/** `a>b` says that a reads of b, `a>>b` that it depends on it. */
function circlesOf(text: string): readonly (readonly string[])[] {
  const names = [...new Set(text.match(/\w+/g))].sort();
  const reads = (name: string, arrow: string): string[] =>
    text
      .split(' ')
      .flatMap((part) => (part.startsWith(`${name}${arrow}`) ? [part.slice(name.length + arrow.length)] : []));
  const sketch: Sketch = Object.fromEntries(
    names.map((name) => {
      const read = reads(name, '>').filter((other) => !other.startsWith('>'));
      const inputs = read.length === 0 ? {} : { i: read.map((other) => `${other}.x`) };
      return [name, { kind: 'streaming', inputs, needs: { x: [] }, dependsOn: reads(name, '>>') }];
    }),
  );
  const graph = buildPortGraph(stackOf('s', sketch));
  const circles = findResourceCircles(graph);
  const numbers = [...new Set(circles)].filter((circle) => circle !== -1);
  return numbers.map((circle) => graph.names.filter((_, index) => circles[index] === circle)).sort();
}

test.each([
  { reads: 'a>b b>c', circles: [] },
  { reads: 'a>b b>a b>c', circles: [['a', 'b']] },
  { reads: 'a>a a>b', circles: [['a']] },
  { reads: 'a>b b>>a', circles: [['a', 'b']] },
  {
    reads: 'a>b b>a c>d d>c a>c',
    circles: [
      ['a', 'b'],
      ['c', 'd'],
    ],
  },
])('resources in circles of $reads', ({ reads, circles }) => {
  expect(circlesOf(reads)).toEqual(circles);
});
