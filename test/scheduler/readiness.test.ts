import { describe, expect, test } from '@jest/globals';
import { DONE, donePort, PortGraphBuilder, portOf, printPort, startPort } from '../../src/graph/port-graph.ts';
import { Readiness } from '../../src/scheduler/readiness.ts';
import { graphOf } from '../graph/graph-of.ts';

/** What happens when the named resources become done or fail, in that order. */
function play(edges: string, moves: readonly string[]): string[] {
  const graph = graphOf(edges);
  const told: string[] = [];
  const readiness = new Readiness(graph, {
    didFire: (port) => told.push(printPort(portOf(graph, port))),
    didFail: (port, cause) => told.push(`${printPort(portOf(graph, port))} failed: ${cause}`),
  });
  readiness.begin();
  for (const move of moves) {
    const done = donePort(graph, graph.names.indexOf(move.replace('!', '')));
    if (move.endsWith('!')) readiness.fail(done, 'broken');
    else readiness.fire(done);
  }
  return told;
}

describe('Readiness', () => {
  test.each([
    { edges: 'a>b', moves: [], told: ['a (start)'] },
    { edges: 'a>b', moves: ['a'], told: ['a (start)', 'b (start)'] },
    { edges: 'a>c b>c', moves: ['a'], told: ['a (start)', 'b (start)'] },
    { edges: 'a>c b>c', moves: ['a', 'b'], told: ['a (start)', 'b (start)', 'c (start)'] },
    { edges: 'a>c b>c', moves: ['a', 'a', 'b'], told: ['a (start)', 'b (start)', 'c (start)'] }, // idempotent
    { edges: 'a>b a>c', moves: ['a!'], told: ['a (start)', 'b (start) failed: broken', 'c (start) failed: broken'] },
    { edges: 'a>c b>c', moves: ['a!', 'b'], told: ['a (start)', 'b (start)', 'c (start) failed: broken'] },
    { edges: 'a>b', moves: ['a', 'a!'], told: ['a (start)', 'b (start)'] }, // what has happened stays so
  ])('$edges, then $moves', ({ edges, moves, told }) => expect(play(edges, moves)).toEqual(told));

  test('a listener may fire and fail further ports along a chain of 100,000', () => {
    const length = 100_000;
    const builder = new PortGraphBuilder(Array.from({ length }, (_, index) => ({ name: `r${index}` })));
    for (let index = 1; index < length; index += 1)
      builder.addEdge(builder.donePort(index - 1), builder.startPort(index));
    const graph = builder.build();
    let fired = 0;
    let failed = 0;
    const readiness: Readiness = new Readiness(graph, {
      didFire: (port) => {
        fired += 1;
        const done = donePort(graph, graph.owners[port] as number);
        if (fired === length / 2) readiness.fail(done, 'broken');
        else readiness.fire(done);
      },
      didFail: (port, cause) => {
        failed += 1;
        readiness.fail(donePort(graph, graph.owners[port] as number), cause);
      },
    });
    readiness.begin();
    expect({ fired, failed }).toEqual({ fired: length / 2, failed: length / 2 });
    expect(readiness.causeOf(startPort(graph, length - 1))).toBe('broken');
    expect(graph.kinds[donePort(graph, 0)]).toBe(DONE);
  });
});
