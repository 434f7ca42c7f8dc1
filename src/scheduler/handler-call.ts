import type { Clock, Randomness } from '../clock.ts';
import { givenProperties, placeOf } from '../interface/given.ts';
import { type NameInput, parseName } from '../names.ts';
import type {
  CreateCall,
  EndpointAccess,
  Input,
  PlainCreateCall,
  PlainRestoreCall,
  PlainUpdateCall,
  ResourceIdentity,
  SignalledResource,
  SignalUrl,
  StreamingCreateCall,
  StreamingRestoreCall,
  StreamingUpdateCall,
  UpdatedResource,
} from '../resource/handler.ts';
import type { Json, JsonObject } from '../values.ts';
import type { ResourceRun } from './resource-run.ts';
import { undeclaredRead } from './run-errors.ts';

/**
 * Calls the handler of a run: for a create, for an update of `previous`, or for a restore of what `snapshot` holds. The
 * handler's own types are erased in the registry: the schemas have checked what the call holds.
 */
export function callHandler(
  run: ResourceRun,
  previous: UpdatedResource<JsonObject, JsonObject> | undefined,
  snapshot: JsonObject | undefined,
): unknown {
  const { type } = run.resource;
  if (type.kind === 'streaming') {
    const { handler } = type;
    if (snapshot !== undefined) return handler.restore?.(new StreamingRestoreRunCall(run, previous, snapshot) as never);
    if (previous !== undefined) return handler.update?.(new StreamingUpdateRunCall(run, previous) as never);
    return handler.create(new StreamingRunCall(run) as never);
  }
  const { handler } = type;
  const properties = propertiesOf(run);
  run.record.properties = properties;
  if (snapshot !== undefined) {
    return handler.restore?.(new PlainRestoreRunCall(run, properties, previous, snapshot) as never);
  }
  if (previous !== undefined) return handler.update?.(new PlainUpdateRunCall(run, properties, previous) as never);
  return handler.create(new PlainRunCall(run, properties) as never);
}

/** What a plain handler gets: all of it is ready. Throws what is wrong with it. */
function propertiesOf({ resource, traversal }: ResourceRun): JsonObject {
  const { scope, inputReader, stack, redact } = traversal;
  return givenProperties(resource, scope, placeOf(resource, stack, redact), inputReader);
}

/**
 * What a handler gets for a create. Its functions are made when they are asked for, so that a handler may take them out
 * of the call (`create({ setResourceId })`) and one that needs none of them costs none.
 */
class RunCall implements CreateCall {
  protected readonly run: ResourceRun;

  constructor(run: ResourceRun) {
    this.run = run;
  }

  get token(): string {
    return this.run.record.token;
  }

  get signal(): AbortSignal {
    return this.run.work.signal;
  }

  get clock(): Clock {
    return this.run.traversal.clock;
  }

  get randomness(): Randomness {
    return this.run.traversal.randomness;
  }

  get resource(): ResourceIdentity {
    return this.run.identity;
  }

  get log(): (line: string) => void {
    return (line) => this.run.traversal.events.didLog(this.run.resource.name, line);
  }

  get setResourceId(): (id: string) => Promise<void> {
    return (id) => this.run.setResourceId(id);
  }

  get data(): JsonObject {
    return this.run.record.data;
  }

  get setData(): (data: JsonObject) => Promise<void> {
    return (data) => this.run.setData(data);
  }

  get read(): (name: NameInput) => Promise<Json> {
    return (name) => (typeof name === 'string' ? this.#readText(name) : this.run.reads.name(name));
  }

  /** Rejects for what is no name. */
  async #readText(text: string): Promise<Json> {
    return this.run.reads.name(parseName(text, this.run.identity));
  }

  get openEndpoint(): () => Promise<EndpointAccess> {
    return () => this.run.openEndpoint();
  }

  get openSignalUrl(): () => Promise<SignalUrl> {
    return () => this.run.openSignalUrl();
  }

  get signalled(): (refid: string) => SignalledResource | undefined {
    return (refid) => this.run.reads.signalled(refid);
  }
}

/** The call of a plain handler: its properties are resolved already. */
class PlainRunCall extends RunCall implements PlainCreateCall<JsonObject> {
  readonly properties: JsonObject;

  constructor(run: ResourceRun, properties: JsonObject) {
    super(run);
    this.properties = properties;
  }
}

/** The same for an update. */
class PlainUpdateRunCall extends PlainRunCall implements PlainUpdateCall<JsonObject, JsonObject> {
  readonly previous: UpdatedResource<JsonObject, JsonObject>;

  constructor(run: ResourceRun, properties: JsonObject, previous: UpdatedResource<JsonObject, JsonObject>) {
    super(run, properties);
    this.previous = previous;
  }
}

/** The same for a restore. */
class PlainRestoreRunCall extends PlainRunCall implements PlainRestoreCall<JsonObject, JsonObject> {
  readonly previous: UpdatedResource<JsonObject, JsonObject> | undefined;
  readonly snapshot: JsonObject;

  constructor(
    run: ResourceRun,
    properties: JsonObject,
    previous: UpdatedResource<JsonObject, JsonObject> | undefined,
    snapshot: JsonObject,
  ) {
    super(run, properties);
    this.previous = previous;
    this.snapshot = snapshot;
  }
}

/** The call of a streaming handler: its inputs are thenables, its outputs functions that publish. */
class StreamingRunCall
  extends RunCall
  implements StreamingCreateCall<JsonObject, { readonly [attribute: string]: Json }>
{
  readonly inputs: { readonly [input: string]: Input<Json> };
  readonly outputs: { readonly [attribute: string]: (value: Json) => Promise<void> };

  constructor(run: ResourceRun) {
    super(run);
    this.inputs = new Proxy({} as Record<string, Input<Json>>, {
      // `await call.inputs` asks for `then`; symbols are asked for by the console.
      get: (_, name) => (typeof name !== 'string' || name === 'then' ? undefined : new RunInput(run, name)),
    });
    this.outputs = new Proxy({} as Record<string, (value: Json) => Promise<void>>, {
      get: (_, name) => (typeof name === 'string' ? (value: Json) => run.publish(name, value) : undefined),
    });
  }

  get publish(): (attribute: string, value: Json) => Promise<void> {
    return (attribute, value) => this.run.publish(attribute, value);
  }

  get whenPublished(): (attributes: readonly string[]) => Promise<void> {
    return (attributes) => this.run.writes.whenPublished(attributes);
  }

  get inputNames(): readonly string[] {
    const { properties, inputs } = this.run.resource.definition;
    return [...Object.keys(properties), ...Object.keys(inputs)];
  }

  get outputNames(): readonly string[] {
    return Object.keys(this.run.resource.outputs);
  }
}

/** The same for an update. */
class StreamingUpdateRunCall
  extends StreamingRunCall
  implements StreamingUpdateCall<JsonObject, { readonly [attribute: string]: Json }>
{
  readonly previous: UpdatedResource<JsonObject, JsonObject>;

  constructor(run: ResourceRun, previous: UpdatedResource<JsonObject, JsonObject>) {
    super(run);
    this.previous = previous;
  }
}

/** The same for a restore. */
class StreamingRestoreRunCall
  extends StreamingRunCall
  implements StreamingRestoreCall<JsonObject, { readonly [attribute: string]: Json }>
{
  readonly previous: UpdatedResource<JsonObject, JsonObject> | undefined;
  readonly snapshot: JsonObject;

  constructor(run: ResourceRun, previous: UpdatedResource<JsonObject, JsonObject> | undefined, snapshot: JsonObject) {
    super(run);
    this.previous = previous;
    this.snapshot = snapshot;
  }
}

/** An input of a run. A thenable, so that awaiting it is what blocks. */
class RunInput implements Input<Json> {
  readonly #run: ResourceRun;
  readonly #name: string;

  /** Throws UndeclaredRead. */
  constructor(run: ResourceRun, name: string) {
    if (!run.inputs.has(name)) throw undeclaredRead(run.resource, name);
    this.#run = run;
    this.#name = name;
  }

  get isReady(): boolean {
    return this.#run.inputs.isReady(this.#name);
  }

  then<T = Json, E = never>(
    fulfilled?: ((value: Json) => T | PromiseLike<T>) | null,
    rejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    return this.#run.reads.input(this.#name).then(fulfilled, rejected);
  }
}
