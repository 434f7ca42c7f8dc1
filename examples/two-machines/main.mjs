// The makespan of one template under both orders, in simulated time: it takes no time to run.
//   node examples/two-machines/main.mjs
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Engine } from 'hotloom';
import { SimulatedClock } from 'hotloom/testing';
import { machineType } from './machine-type.mjs';

const template = readFileSync(new URL('template.yaml', import.meta.url), 'utf8');

/** Creates the stack and tells when each component was there, in seconds from the start. */
export async function run(granularity) {
  const clock = new SimulatedClock(0);
  const engine = new Engine({ types: [machineType], clock, granularity });
  const published = [];
  engine.onEvent((event) => {
    if (event.type === 'name:didPublish')
      published.push(`${(event.time / 1000).toString().padStart(4)} s  ${event.name.slice(2).join('.')}`);
  });
  const stack = await clock.run(engine.create({ stack: 'two-machines', template, file: 'template.yaml' }));
  const seconds = clock.now() / 1000;
  await engine.close();
  return { seconds, published, outputs: stack.outputs };
}

if (fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  const titles = {
    resource: 'Each waits for the whole resource:',
    attribute: 'Each waits for the attribute it reads:',
  };
  for (const granularity of ['resource', 'attribute']) {
    const { seconds, published } = await run(granularity);
    console.log(`\n${titles[granularity]}`);
    console.log(published.filter((line) => !line.endsWith('refid')).join('\n'));
    console.log(`makespan: ${seconds} s`);
  }
}
