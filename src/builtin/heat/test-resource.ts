import { pause } from '../../clock.ts';
import { UpdateReplace } from '../../errors.ts';
import type { HandlerCall, PlainCreateCall } from '../../resource/handler.ts';
import { definePlainType } from '../../resource/resource-type.ts';
import type { JsonObject } from '../../values.ts';

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
      description: 'An update that sets it is a replacement.',
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
      await recordDelete(call, {});
      await wait(properties.action_wait_secs?.create ?? properties.wait_secs, call);
      if (properties.fail) throw new Error(`Test Resource failed ${resource.name}`);
      await wait(properties.attr_wait_secs, call);
      return { output: properties.value };
    },
    async update(call) {
      const { properties, previous } = call;
      if (properties.update_replace && previous.properties.update_replace !== true) {
        throw new UpdateReplace({ what: "'update_replace' is set." });
      }
      await wait(properties.constraint_prop_secs, call);
      const isChanged = properties.value !== previous.properties.value;
      if (isChanged) await wait(properties.action_wait_secs?.update ?? properties.wait_secs, call);
      if (properties.fail) throw new Error(`Test Resource failed ${call.resource.name}`);
      await recordDelete(call, previous.data);
      if (isChanged) await wait(properties.attr_wait_secs, call);
      return { output: properties.value };
    },
    adopt({ data: { value } }) {
      return typeof value === 'string' ? { output: value } : undefined;
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

interface Waits {
  readonly wait_secs: number;
  readonly action_wait_secs?: { readonly delete?: number } | undefined;
}

/** For the delete, which is not given the properties. Most test resources do not wait; nothing is stored for them. */
async function recordDelete(call: PlainCreateCall<Waits>, recorded: JsonObject): Promise<void> {
  const { wait_secs, action_wait_secs } = call.properties;
  const deleteSeconds = action_wait_secs?.delete ?? wait_secs;
  if (deleteSeconds !== (recorded.deleteSeconds ?? 0)) await call.setData({ deleteSeconds });
}

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
