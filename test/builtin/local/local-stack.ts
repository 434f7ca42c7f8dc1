import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findAttempt } from '../../../src/builtin/local/attempt-processes.ts';
import { localTypes } from '../../../src/builtin/local/index.ts';
import { systemClock, systemRandomness } from '../../../src/clock.ts';
import { EndpointServer } from '../../../src/endpoint/endpoint-server.ts';
import { ConflictingWrite, UndeclaredWrite } from '../../../src/errors.ts';
import { type Name, printName } from '../../../src/names.ts';
import type { DeleteCall, HandlerCall, ResourceIdentity } from '../../../src/resource/handler.ts';
import { convertProperties } from '../../../src/resource/properties.ts';
import type { AttributeDeclarations, ResourceType } from '../../../src/resource/resource-type.ts';
import { builtSource } from '../../../src/source.ts';
import { type Json, type JsonObject, sameJson } from '../../../src/values.ts';
import { type BuiltCommand, buildCommand } from '../../endpoint/built-command.ts';
import { EngineDouble } from '../../endpoint/engine-double.ts';

/** What is asked of one create. */
export interface RunOptions {
  /** Attributes of the resource's section `outputs`. */
  readonly outputs?: AttributeDeclarations;
  readonly signal?: AbortSignal;
  /** Called by each setData; what it throws, setData rejects with. */
  readonly onSetData?: (data: JsonObject) => void;
}

/** What one create has published and recorded. */
export class Run {
  readonly identity: ResourceIdentity;
  readonly type: ResourceType;
  readonly token: string = systemRandomness.uuid();
  readonly attributes = new Map<string, Json>();
  readonly logged: string[] = [];
  /** What the handler did, in its order. */
  readonly steps: string[] = [];
  resourceId: string | undefined;
  data: JsonObject = {};
  /** The end of `create`. */
  done: Promise<void> = Promise.resolve();
  readonly #waiters = new Set<() => void>();

  constructor(type: ResourceType, identity: ResourceIdentity) {
    this.type = type;
    this.identity = identity;
  }

  /** The value of an attribute, once it is published. Rejects when create ends without it. */
  async published(attribute: string): Promise<Json> {
    let hasEnded = false;
    const end = this.done.then(
      () => {
        hasEnded = true;
      },
      (error) => {
        throw error;
      },
    );
    while (!this.attributes.has(attribute)) {
      if (hasEnded) throw new Error(`create ended without '${attribute}'`);
      await Promise.race([end, new Promise<void>((resolve) => this.#waiters.add(resolve))]);
    }
    return this.attributes.get(attribute) as Json;
  }

  publish(attribute: string, value: Json): void {
    const earlier = this.attributes.get(attribute);
    if (earlier !== undefined && !sameJson(earlier, value)) {
      throw new ConflictingWrite({ what: `'${attribute}' was written twice.` });
    }
    this.steps.push(`publish ${attribute}`);
    this.attributes.set(attribute, value);
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  async whenPublished(attributes: readonly string[]): Promise<void> {
    while (!attributes.every((attribute) => this.attributes.has(attribute))) {
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }
}

/** A stack of local resources with real processes and a real endpoint, in place of the engine. */
export class LocalStack {
  readonly directory: string;
  readonly engine = new EngineDouble();
  readonly types: readonly ResourceType[];
  readonly #server: EndpointServer;
  readonly #command: BuiltCommand;
  readonly #runs: Run[] = [];

  private constructor(directory: string, command: BuiltCommand) {
    this.directory = directory;
    this.#command = command;
    this.types = localTypes({ logDirectory: join(directory, 'logs'), scriptDirectory: join(directory, 'scripts') });
    this.#server = new EndpointServer({
      onRead: this.engine.onRead,
      onTryRead: this.engine.onTryRead,
      onWrite: async (principal, name, value) => this.#write(principal, name, value),
      onSignal: this.engine.onSignal,
      onSignalOf: this.engine.onSignalOf,
      onWaiting: this.engine.onWaiting,
      onCancel: this.engine.onCancel,
      directory,
      commandFile: command.commandFile,
    });
  }

  static async create(): Promise<LocalStack> {
    return new LocalStack(await mkdtemp(join(tmpdir(), 'ls-')), await buildCommand());
  }

  /** Deletes what is left, and gives everything that should not be there: attempts with processes, files of scripts. */
  async close(): Promise<readonly string[]> {
    for (const run of this.#runs) await this.delete(run);
    const processes = this.#runs.filter(({ token }) => findAttempt({ token, leader: undefined }).pids.length > 0);
    const scripts = await readdir(join(this.directory, 'scripts')).catch(() => []);
    await this.#server.close();
    await this.#command.remove();
    await rm(this.directory, { recursive: true });
    return [...processes.map(({ identity }) => `processes of ${identity.name}`), ...scripts];
  }

  /** Runs a resource's create; its outcome is in `done`. */
  start(typeName: string, name: string, properties: JsonObject, options: RunOptions = {}): Run {
    const type = this.types.find((candidate) => candidate.name === typeName) as ResourceType;
    const identity: ResourceIdentity = {
      space: 'default',
      stack: 'app',
      stackId: '0',
      name,
      type: typeName,
      physicalName: `app-${name}-0`,
    };
    const run = new Run(type, identity);
    this.#runs.push(run);
    run.done = this.#create(run, properties, options);
    run.done.catch(() => {});
    return run;
  }

  /** Runs a resource's create to its end. */
  async run(typeName: string, name: string, properties: JsonObject, options: RunOptions = {}): Promise<Run> {
    const run = this.start(typeName, name, properties, options);
    await run.done;
    return run;
  }

  async delete(run: Run, changes: Partial<Pick<DeleteCall, 'data' | 'resourceId'>> = {}): Promise<void> {
    const { resourceId, data } = run;
    await run.type.handler.delete?.({ ...this.#call(run, undefined), resourceId, data, ...changes });
  }

  /** Asks a handler about what a create has made. */
  async ask(what: 'check' | 'suspend' | 'resume', run: Run, isSuspended = false): Promise<unknown> {
    const { resourceId, data } = run;
    const call = { ...this.#call(run, undefined), resourceId, data, properties: {}, attributes: {}, isSuspended };
    return run.type.handler[what]?.({ ...call, setData: async () => {} });
  }

  lookup(run: Run): unknown {
    const { resourceId, data } = run;
    return run.type.handler.lookup?.({ ...this.#call(run, undefined), resourceId, data });
  }

  async #create(run: Run, given: JsonObject, options: RunOptions): Promise<void> {
    const { type } = run;
    const place = { resource: run.identity.name, source: builtSource(), path: ['resources', run.identity.name] };
    const properties = convertProperties(type, given, { ...place, mask: (text: string) => text });
    const declared = { ...type.attributes, ...type.instanceAttributes?.(given), ...options.outputs };
    const publish = async (attribute: string, value: Json): Promise<void> => {
      if (!Object.hasOwn(declared, attribute)) throw new UndeclaredWrite({ what: `'${attribute}' is not declared.` });
      run.publish(attribute, value);
      this.engine.write(printName(['default', 'app', run.identity.name, attribute]), value);
    };
    const call = {
      ...this.#call(run, options.signal),
      setResourceId: async (id: string) => {
        run.steps.push('setResourceId');
        run.resourceId = id;
      },
      setData: async (data: JsonObject) => {
        options.onSetData?.(data);
        run.steps.push('setData');
        run.data = JSON.parse(JSON.stringify(data));
      },
      read: (name: Name) => this.engine.onRead(run.identity, name, new AbortController().signal),
      openEndpoint: () => this.#server.open(run.identity),
    };
    if (type.kind === 'plain') {
      const attributes = (await type.handler.create({ ...call, properties } as never)) ?? {};
      for (const [attribute, value] of Object.entries(attributes)) await publish(attribute, value as Json);
      return;
    }
    const inputs = Object.fromEntries(
      Object.keys(type.properties).map((property) => [
        property,
        {
          isReady: true,
          then: (fulfilled: never, rejected: never) => Promise.resolve(properties[property]).then(fulfilled, rejected),
        },
      ]),
    );
    const outputs = Object.fromEntries(
      Object.keys(declared).map((attribute) => [attribute, (value: Json) => publish(attribute, value)]),
    );
    await type.handler.create({
      ...call,
      inputs,
      outputs,
      publish,
      whenPublished: (attributes: readonly string[]) => run.whenPublished(attributes),
      inputNames: Object.keys(given),
      outputNames: [...Object.keys(declared), ...(Object.hasOwn(declared, 'refid') ? [] : ['refid'])],
    } as never);
  }

  #call(run: Run, signal = new AbortController().signal): HandlerCall {
    return {
      resource: run.identity,
      token: run.token,
      signal,
      clock: systemClock,
      randomness: systemRandomness,
      log: (line) => run.logged.push(line),
    };
  }

  async #write(principal: ResourceIdentity, name: Name, value: Json): Promise<void> {
    const run = this.#runs.findLast(({ identity }) => identity.name === principal.name) as Run;
    if (name[2] === principal.name) run.publish(name[3], value);
    await this.engine.onWrite(principal, name, value);
  }
}
