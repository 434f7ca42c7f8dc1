import { producerOf, type StackInterface } from '../../src/interface/interface.ts';
import { parseName } from '../../src/names.ts';
import type { Reference } from '../../src/template/expression.ts';
import { ReadsBuilder, withOutputs } from '../../src/template/reads.ts';

/** A resource in short: what its inputs read and what its attributes need. */
export interface ResourceSketch {
  readonly type?: string;
  readonly kind?: 'plain' | 'streaming';
  /** By input: attributes such as `db.address` of this stack, or full names of others. */
  readonly inputs?: { readonly [input: string]: readonly string[] };
  /** By attribute: the inputs it needs. Those without an entry need all. */
  readonly needs?: { readonly [attribute: string]: readonly string[] };
  readonly dependsOn?: readonly string[];
  /** False: its condition leaves it out. */
  readonly isEnabled?: boolean;
}

/** The interface of a stack as a template would give it, without a template's text. */
export function stackOf(
  name: string,
  sketches: { readonly [resource: string]: ResourceSketch },
  outputs: { readonly [output: string]: readonly string[] } = {},
): StackInterface {
  const definitions = Object.entries(sketches).map(([resource, sketch]) => ({
    name: resource,
    type: sketch.type ?? 'Test::Thing',
  }));
  const enabled = Object.entries(sketches).filter(([, { isEnabled }]) => isEnabled !== false);
  const resources = enabled.map(
    ([resource, { type = 'Test::Thing', kind = 'plain', inputs, needs, dependsOn }], index) => ({
      index,
      name: resource,
      definition: { name: resource, type },
      type: { kind, name: type },
      inputs: Object.entries(inputs ?? {}).map(([input, reads]) => ({
        name: input,
        section: 'properties' as const,
        references: reads.map(referenceOf),
      })),
      inputNames: Object.keys(inputs ?? {}),
      outputs: Object.fromEntries(
        Object.entries(needs ?? {}).map(([attribute, needed]) => [attribute, { schema: {}, needs: needed }]),
      ),
      dependsOn: dependsOn ?? [],
    }),
  );
  const numbers = new Map(resources.map(({ name: resource, index }) => [resource, index]));
  const numberOf = (reference: Reference): number => producerOf({ keepsPositions: false, numbers }, reference);
  const reads = new ReadsBuilder(resources.length, numberOf);
  for (const { inputs } of resources) reads.add(inputs);
  const stackOutputs = Object.entries(outputs).map(([output, read]) => ({
    definition: { name: output },
    references: read.map(referenceOf),
  }));
  return {
    space: 'default',
    stack: name,
    template: { resources: new Map(definitions.map((definition) => [definition.name, definition])) },
    resources,
    numbers,
    reads: withOutputs(reads.build(), stackOutputs, numberOf),
    outputs: stackOutputs,
  } as unknown as StackInterface;
}

function referenceOf(text: string): Reference {
  const segments = text.split('.');
  if (segments.length === 4) return { kind: 'name', name: parseName(text), path: [] };
  const [resource, attribute] = segments as [string, string];
  return { kind: 'attribute', resource, attribute, path: [] };
}
