import { pause } from '../../clock.ts';
import type { HandlerCall } from '../../resource/handler.ts';
import { definePlainType } from '../../resource/resource-type.ts';

const SECONDS = { type: 'number', updateAllowed: true } as const;

/**
 * `OS::Heat::TestResource`: stores a text, and waits or fails as its properties say. For tests.
 *
 * It works by the clock that the engine was given. `attr_wait_secs` delays the attribute and with it the end of the
 * action, since an attribute here is computed once and not at each read; `constraint_prop_secs` delays the start.
 * `client_name` and `entity_name` are accepted and not used: there is no client to poll.
 */
export const heatTestResource = definePlainType({
  name: 'OS::Heat::TestResource',
  description: 'Stores a text, and waits or fails as it is told. For tests.',
  properties: {
    value: { description: 'The text to be stored.', type: 'string', default: 'test_string', updateAllowed: true },
    fail: { description: 'Whether the action fails.', type: 'boolean', default: false, updateAllowed: true },
    update_replace: {
      description: "Whether a change of 'value' is a replacement.",
      type: 'boolean',
      default: false,
      updateAllowed: true,
    },
    update_replace_value: { description: 'A text whose change is a replacement.', type: 'string' },
    wait_secs: { ...SECONDS, description: 'Seconds that an action takes; below 0: it never ends.', default: 0 },
    action_wait_secs: {
      description: "Seconds that one action takes, in place of 'wait_secs'.",
      type: 'object',
      properties: { create: SECONDS, update: SECONDS, delete: SECONDS },
      additionalProperties: false,
      updateAllowed: true,
    },
    attr_wait_secs: { ...SECONDS, description: 'Seconds that the attribute takes.', default: 0 },
    constraint_prop_secs: { ...SECONDS, description: 'Seconds before the action begins.', default: 0 },
    client_name: { description: 'Not used.', type: 'string', default: '', updateAllowed: true },
    entity_name: { description: 'Not used.', type: 'string', default: '', updateAllowed: true },
  },
  updatePolicy: {},
  attributes: {
    output: { schema: { type: 'string' }, description: 'The stored text.' },
  },
  handler: {
    isRepeatable: true,
    async create(call) {
      const { properties, resource } = call;
      await wait(properties.constraint_prop_secs, call);
      if (!properties.fail) await call.setResourceId(resource.physicalName);
      const deleteSeconds = properties.action_wait_secs?.delete ?? properties.wait_secs;
      // Most test resources do not wait; nothing is stored for them.
      if (deleteSeconds !== 0) await call.setData({ deleteSeconds });
      await wait(properties.action_wait_secs?.create ?? properties.wait_secs, call);
      if (properties.fail) throw new Error(`Test Resource failed ${resource.name}`);
      await wait(properties.attr_wait_secs, call);
      return { output: properties.value };
    },
    check({ resourceId }) {
      if (resourceId === undefined) throw new Error('Resource not created');
      return undefined;
    },
    async delete(call) {
      const { deleteSeconds } = call.data;
      await wait(typeof deleteSeconds === 'number' ? deleteSeconds : 0, call);
    },
  },
});

/** A timer of Node fires at once when it is told to wait longer. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Resolves after `seconds`, never when they are below 0; rejects with the signal's reason when it fires first. */
async function wait(seconds: number, { clock, signal }: Pick<HandlerCall, 'clock' | 'signal'>): Promise<void> {
  if (seconds === 0) return;
  const end = seconds < 0 ? Number.POSITIVE_INFINITY : clock.now() + seconds * 1000;
  for (let left = end - clock.now(); left > 0; left = end - clock.now()) {
    await pause(clock, Math.min(left, LONGEST_WAIT_MS), signal);
  }
}
