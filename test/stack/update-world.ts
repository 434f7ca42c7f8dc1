import type { StreamingCreateCall } from '../../src/resource/handler.ts';
import { definePlainType, defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';
import type { Json, JsonObject } from '../../src/values.ts';

/** What stands in the world, by token. */
export type Things = Map<string, { readonly name: string; readonly of: Json }>;

export interface Told {
  readonly things: Things;
  /** `create web`, `update web`, `delete web`, in order. */
  readonly calls: string[];
}

/** The call of a handler that creates and updates alike, of a streaming type with the properties `live` and `fixed`. */
export type NodeCall = Omit<
  StreamingCreateCall<{ readonly live?: unknown; readonly fixed?: unknown }, JsonObject>,
  'outputs'
>;

/** `Thing` changes `live` in place and is replaced for `of`; one whose `of` is 'bad' fails. `Peer` takes part in circles. */
export function typesOf({ things, calls }: Told, isDead: () => boolean = () => false): readonly ResourceType[] {
  const act = async (what: () => void): Promise<void> => {
    if (isDead()) await new Promise<never>(() => {});
    what();
  };
  const wait = (clock: { schedule(ms: number, run: () => void): unknown }): Promise<void> =>
    new Promise((resolve) => void clock.schedule(1, resolve));
  const lookup = ({ token }: { readonly token: string }) => (things.has(token) ? `id-${token}` : undefined);
  const remove = ({ token, resource }: { readonly token: string; readonly resource: { readonly name: string } }) =>
    act(() => {
      if (things.delete(token)) calls.push(`delete ${resource.name}`);
    });
  const thing = definePlainType({
    name: 'Thing',
    properties: { of: {}, live: { updateAllowed: true } },
    attributes: { of: { schema: {} }, live: { schema: {} }, id: { schema: {} } },
    handler: {
      async create({ token, clock, resource, properties, setResourceId }) {
        await wait(clock);
        await act(() => {
          calls.push(`create ${resource.name}`);
          things.set(token, { name: resource.name, of: (properties.of ?? null) as Json });
        });
        await setResourceId(`id-${token}`);
        await wait(clock);
        if (properties.of === 'bad') throw new Error('it is bad');
        return { of: properties.of ?? null, live: properties.live ?? null, id: token };
      },
      async update({ clock, resource, properties }) {
        await wait(clock);
        await act(() => void calls.push(`update ${resource.name}`));
        if (properties.live === 'bad') throw new Error('it is bad');
        return { live: properties.live ?? null };
      },
      lookup,
      delete: remove,
    },
  });
  const only = definePlainType({
    name: 'Only',
    properties: { of: {} },
    attributes: {},
    deletesBeforeReplacing: true,
    handler: {
      async create({ token, resource, properties, setResourceId }) {
        await act(() => {
          calls.push(`create ${resource.name}`);
          if ([...things.values()].some(({ name }) => name === resource.name)) throw new Error('there is one already');
          things.set(token, { name: resource.name, of: (properties.of ?? null) as Json });
        });
        await setResourceId(`id-${token}`);
        return undefined;
      },
      lookup,
      async delete(call) {
        await wait(call.clock);
        await remove(call);
      },
    },
  });
  const peer = defineStreamingType({
    name: 'Peer',
    properties: { config: {}, peer: {} },
    attributes: { address: { schema: {}, needs: [] }, knows: { schema: {} } },
    handler: {
      async create({ token, clock, resource, inputs, outputs }) {
        await act(() => {
          calls.push(`create ${resource.name}`);
          things.set(token, { name: resource.name, of: null });
        });
        await outputs.address(`at-${token}`);
        await wait(clock);
        const [config, other] = [await inputs.config, await inputs.peer];
        await outputs.knows([config ?? null, other ?? null] as Json);
      },
      lookup,
      delete: remove,
    },
  });
  return [thing, peer, only];
}

export function template(resources: JsonObject, more: JsonObject = {}): JsonObject {
  return { heat_template_version: 'hotloom-1', resources, ...more };
}

export const thing = (properties: JsonObject): JsonObject => ({ type: 'Thing', properties });
export const attr = (...path: string[]): JsonObject => ({ get_attr: path });
