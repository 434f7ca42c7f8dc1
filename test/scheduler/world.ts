import { Engine } from '../../src/engine.ts';
import type { EngineOptions } from '../../src/engine-options.ts';
import type { EngineEvent } from '../../src/events.ts';
import type { PlainCreateCall, StreamingCreateCall } from '../../src/resource/handler.ts';
import { definePlainType, defineStreamingType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import type { Json, JsonObject } from '../../src/values.ts';

export type Streaming = StreamingCreateCall<{ a: Json; b: Json }, { early: Json; late: Json }>;
export type Plain = PlainCreateCall<JsonObject>;

export interface Behaviours {
  readonly [resource: string]: (call: Streaming & Plain) => unknown;
}

/**
 * An engine in simulated time whose resources behave as the test says, by name. `Stream` is a streaming type with
 * attributes `early`, which needs nothing, and `late`, which needs all; `Plain` is plain with `late` alone. Both take the
 * inputs `a` and `b`. `told` is everything that happened, in order.
 */
export class World {
  readonly clock = new SimulatedClock();
  readonly engine: Engine;
  readonly events: EngineEvent[] = [];
  readonly deleted: string[] = [];

  constructor(behaviours: Behaviours, options: EngineOptions = {}) {
    const remove = ({ resource }: { resource: { name: string } }): void => void this.deleted.push(resource.name);
    const properties = { a: {}, b: {} } as const;
    const stream = defineStreamingType({
      name: 'Stream',
      properties,
      attributes: { early: { schema: {}, needs: [], optional: true }, late: { schema: {}, optional: true } },
      handler: {
        create: async (call) => {
          await behaviours[call.resource.name]?.(call as unknown as Streaming & Plain);
        },
        delete: remove,
      },
    });
    const plain = definePlainType({
      name: 'Plain',
      properties,
      attributes: { late: { schema: {}, optional: true } },
      handler: {
        create: async (call) =>
          (await behaviours[call.resource.name]?.(call as unknown as Streaming & Plain)) as undefined,
        delete: remove,
      },
    });
    this.engine = new Engine({ clock: this.clock, ...options, types: [stream, plain, ...(options.types ?? [])] });
    this.engine.onEvent((event) => this.events.push(event));
  }

  /** Creates a stack from lines such as `a: Stream a=b.early b=c.late depends_on=d` and outputs `!name=a.late`. */
  async create(
    text: string,
    options: { stack?: string; timeoutMs?: number; rollback?: boolean; signal?: AbortSignal } = {},
  ) {
    return this.clock.run(this.start(text, options));
  }

  start(text: string, options: { stack?: string; timeoutMs?: number; rollback?: boolean; signal?: AbortSignal } = {}) {
    return this.engine.create({ stack: 's', ...options, template: templateOf(text) });
  }

  /** `a COMPLETE` and the like, of resources, in order. */
  get states(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'resource'
        ? [`${event.resource} ${event.action === 'CREATE' ? '' : 'DELETE_'}${event.status}`]
        : [],
    );
  }

  of<T extends EngineEvent['type']>(type: T): Extract<EngineEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);
  }

  /** Time passes; something else than the clock may have to be awaited in between. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.schedule(ms, resolve));
  }

  async close(): Promise<void> {
    await this.engine.close();
  }
}

export function templateOf(text: string): JsonObject {
  const resources: Record<string, Json> = {};
  const outputs: Record<string, Json> = {};
  for (const line of text
    .split('\n')
    .map((part) => part.trim())
    .filter(Boolean)) {
    if (line.startsWith('!')) {
      const [name, value] = line.slice(1).split('=') as [string, string];
      outputs[name] = { value: hotValue(value) };
      continue;
    }
    const [, name, type, rest] = /^(\w+): (\w+)(.*)$/.exec(line) as unknown as [string, string, string, string];
    const pairs = [...rest.matchAll(/(\w+)=(\S+)/g)].map((match) => [match[1], match[2]] as [string, string]);
    const dependsOn = pairs.filter(([key]) => key === 'depends_on').flatMap(([, value]) => value.split(','));
    const properties = pairs.filter(([key]) => key !== 'depends_on').map(([key, value]) => [key, hotValue(value)]);
    resources[name] = { type, properties: Object.fromEntries(properties), depends_on: dependsOn };
  }
  return { heat_template_version: 'hotloom-1', resources, outputs };
}

/** `b.late` is an attribute, `b` a resource's id, `@x.y.z` a name of the space, `a.x,b.y` a list, `7` a number. */
function hotValue(text: string): Json {
  if (text.includes(',')) return text.split(',').map(hotValue);
  if (/^\d+$/.test(text)) return Number(text);
  if (text.startsWith('@')) return { get_data: text.slice(1) };
  const [resource, attribute] = text.split('.') as [string, string?];
  return attribute === undefined ? { get_resource: resource } : { get_attr: [resource, attribute] };
}
