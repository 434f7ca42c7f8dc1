import { definePlainType, Engine } from 'hotloom';
import { load } from 'js-yaml';
import { layeredDependencies } from './layered.mjs';
import { timed } from './timed.mjs';

/**
 * What it costs to understand a text: `n` resources with 3 references each, from YAML to the graph of ports, checks and
 * all. The floor is js-yaml, which makes plain data of the same text.
 */
export const subjects = {
  'js-yaml load': (n) => {
    const text = layeredText(n);
    return timed(() => load(text));
  },
  'text to port graph': async (n) => {
    const engine = new Engine({
      types: [NoOp],
      limits: { maxResources: n, maxTemplateSize: Number.MAX_SAFE_INTEGER },
    });
    const text = layeredText(n);
    const result = await timed(() => engine.validate({ stack: 'bench', template: text }));
    await engine.close();
    return result;
  },
};

export const peer = 'js-yaml load';

export const sizes = [1000, 10_000, 100_000];

const NoOp = definePlainType({
  name: 'Bench::NoOp',
  properties: { in0: {}, in1: {}, in2: {} },
  attributes: { value: { schema: {} } },
  handler: { create: async () => ({ value: 1 }) },
});

/** The layered template as a person would write it. */
function layeredText(n) {
  const resources = layeredDependencies(n).map((dependencies, task) => {
    const properties = dependencies.map((other, k) => `      in${k}: { get_attr: [r${other}, value] }\n`);
    return `  r${task}:\n    type: ${NoOp.name}\n${properties.length === 0 ? '' : `    properties:\n${properties.join('')}`}`;
  });
  return `heat_template_version: 2021-04-16\nresources:\n${resources.join('')}`;
}
