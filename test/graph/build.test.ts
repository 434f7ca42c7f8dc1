import { describe, expect, test } from '@jest/globals';
import { buildPortGraph, type Granularity } from '../../src/graph/build.ts';
import { type PortGraph, portOf, printPort, type Rows } from '../../src/graph/port-graph.ts';
import { stackOf } from './stack-of.ts';

/** Each port with those that it waits for; ports without are left out. */
function rowsOf(graph: PortGraph, { offsets, targets }: Rows): { readonly [port: string]: string } {
  const print = (port: number): string => printPort(portOf(graph, port));
  const rows = Array.from({ length: graph.size }, (_, port) => [
    print(port),
    [...targets.subarray(offsets[port], offsets[port + 1])].map(print).join(' '),
  ]);
  return Object.fromEntries(rows.filter(([, row]) => row !== ''));
}

const graphOf = (granularity?: Granularity): PortGraph =>
  buildPortGraph(
    stackOf(
      'app',
      {
        first: { kind: 'streaming', needs: { address: [] }, inputs: { peer: ['second.url'] } },
        second: { inputs: { host: ['first.address', 'first.address', 'gone.url'], name: ['default.other.a.b'] } },
        third: { dependsOn: ['first'] },
        gone: { isEnabled: false },
      },
      { shown: ['third.value'] },
    ),
    granularity,
  );

describe('buildPortGraph', () => {
  test('what a port waits for, each once, in the order of the template', () => {
    const graph = graphOf();
    expect(rowsOf(graph, graph.predecessors)).toEqual({
      'first.peer': 'second.url',
      'first.address': 'first (start)',
      'first (done)': 'first.peer first.address',
      'second (start)': 'second.host second.name',
      'second.host': 'first.address',
      'second.url': 'second (start)',
      'second (done)': 'second.url',
      'third (start)': 'first (done)',
      'third.value': 'third (start)',
      'third (done)': 'third.value',
    });
  });

  test('its successors are the same edges the other way round, in the order of the ports', () => {
    const graph = graphOf();
    expect(rowsOf(graph, graph.successors)).toEqual({
      'first (start)': 'first.address',
      'first.peer': 'first (done)',
      'first.address': 'first (done) second.host',
      'first (done)': 'third (start)',
      'second (start)': 'second.url',
      'second.host': 'second (start)',
      'second.name': 'second (start)',
      'second.url': 'first.peer second (done)',
      'third (start)': 'third.value',
      'third.value': 'third (done)',
    });
  });

  test('with the granularity of resources, whoever reads of a resource waits for its end', () => {
    const graph = graphOf('resource');
    expect(rowsOf(graph, graph.predecessors)).toMatchObject({
      'first (start)': 'first.peer',
      'first.peer': 'second (done)',
      'second.host': 'first (done)',
    });
  });
});
