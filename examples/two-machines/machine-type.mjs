import { defineStreamingType } from 'hotloom';

/**
 * A machine that gets a base image and then three components, one after the other. Each component publishes its value
 * as soon as it is there; only the first one (and what comes after it) needs `first_needs`.
 */
export const machineType = defineStreamingType({
  name: 'Example::Machine',
  properties: {
    base_seconds: { type: 'number' },
    component_seconds: { type: 'number' },
    first_needs: { type: 'string', default: '' },
  },
  required: ['base_seconds', 'component_seconds'],
  attributes: {
    base: { schema: { type: 'string' }, needs: ['base_seconds'] },
    first: { schema: { type: 'string' } },
    second: { schema: { type: 'string' } },
    third: { schema: { type: 'string' } },
  },
  handler: {
    async create({ inputs, outputs, resource, clock, signal }) {
      const work = (seconds) => wait(clock, seconds * 1000, signal);
      await work(await inputs.base_seconds);
      await outputs.base(`${resource.name}: base`);
      const needed = await inputs.first_needs;
      for (const component of ['first', 'second', 'third']) {
        await work(await inputs.component_seconds);
        await outputs[component](
          `${resource.name}: ${component}${component === 'first' && needed ? ` with ${needed}` : ''}`,
        );
      }
    },
  },
});

function wait(clock, ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = clock.schedule(ms, resolve, { keepAlive: true });
    signal.addEventListener('abort', () => {
      timer.cancel();
      reject(signal.reason);
    });
  });
}
