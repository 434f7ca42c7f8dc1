import { defineStreamingType, Engine, isHotloomError } from 'hotloom';
import { SimulatedClock } from 'hotloom/testing';
import { aliasOf, templateOf } from './plan.mjs';

const stepsType = defineStreamingType({
  name: 'Bench::Steps',
  properties: { steps: { type: 'array' } },
  required: ['steps'],
  attributes: {},
  handler: {
    async create({ inputs, publish, clock }) {
      for (const step of await inputs.steps) {
        if (step.work !== undefined) await new Promise((resolve) => clock.schedule(step.work, resolve));
        else if (step.publish !== undefined) await publish(step.publish, clock.now());
        else await inputs[aliasOf(step.read)];
      }
    },
  },
});

/**
 * How long the plan takes (simulated ms) when each reader waits for the attribute that it reads (`attribute`), or for the
 * whole resource behind it (`resource`), as other engines do. Undefined when that order is refused as circular.
 */
export async function makespan(plan, granularity, concurrency = Number.POSITIVE_INFINITY) {
  const clock = new SimulatedClock(0);
  const engine = new Engine({ types: [stepsType], clock, granularity, concurrency });
  try {
    await clock.run(engine.create({ stack: 'plan', template: templateOf(plan) }));
    return clock.now();
  } catch (error) {
    const isCircular = isHotloomError(error, 'TemplateInvalid') && /Circular Dependency/.test(error.message);
    if (!isCircular) throw error;
    return undefined;
  } finally {
    await clock.run(engine.close());
  }
}
