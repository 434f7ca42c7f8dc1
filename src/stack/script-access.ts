import type { EndpointAddress } from '../endpoint/client.ts';
import { EndpointServer } from '../endpoint/endpoint-server.ts';
import { ActionCancelled, NotTheWriter } from '../errors.ts';
import { type Name, printName } from '../names.ts';
import type { EndpointAccess, ResourceIdentity } from '../resource/handler.ts';
import type { ResourceRun } from '../scheduler/resource-run.ts';
import type { Traversal } from '../scheduler/traversal.ts';
import type { NameReader } from '../space/name-reader.ts';
import type { Json } from '../values.ts';
import { cancelOwn } from './cancel.ts';
import { readValue } from './read.ts';
import { type RunningActions, stackKey } from './services.ts';

/**
 * What a script may do through its endpoint: read any name, blocking as its resource's handler would; publish the
 * outputs of its own resource; and write names of its own stack that no resource declares.
 */
export class ScriptAccess {
  readonly #server: EndpointServer;
  readonly #names: NameReader;
  readonly #running: RunningActions;
  readonly #writeOutside: (name: Name, value: Json) => Promise<void>;
  readonly #tokens = new Map<string, string[]>();

  constructor(
    names: NameReader,
    running: RunningActions,
    writeOutside: (name: Name, value: Json) => Promise<void>,
    signal: (space: string, stack: string, resource: string, data: Json | undefined) => Promise<string>,
  ) {
    this.#names = names;
    this.#running = running;
    this.#writeOutside = writeOutside;
    this.#server = new EndpointServer({
      onRead: (principal, name, signal) => this.#read(principal, name, signal),
      onTryRead: (principal, name) => this.#tryRead(principal, name),
      onWrite: (principal, name, value) => this.#write(principal, name, value),
      onSignal: (principal, resource, data) =>
        signal(principal.space, principal.stack, this.#named(principal, resource), data),
      onSignalOf: signal,
      onWaiting: (space, stack) => this.#running.get(space, stack)?.waiting() ?? [],
      onCancel: (space, stack, rollback) => this.#cancel(space, stack, rollback),
    });
  }

  /** Opens the endpoint for a resource's processes, until its stack's action ends. */
  async open(resource: ResourceIdentity): Promise<EndpointAccess> {
    const access = await this.#server.open(resource);
    const key = stackKey(resource.space, resource.stack);
    const tokens = this.#tokens.get(key);
    if (tokens === undefined) this.#tokens.set(key, [access.token]);
    else tokens.push(access.token);
    return access;
  }

  /** Lets other processes of this user ask who waits for what here. */
  openForObservers(): Promise<EndpointAddress> {
    return this.#server.openForObservers();
  }

  /** What has ended by now was complete before. */
  async #cancel(space: string, stack: string, rollback: boolean): Promise<void> {
    await this.#running.begun(space, stack);
    const action = this.#running.get(space, stack);
    if (action !== undefined) await cancelOwn(action, rollback);
  }

  /** Takes back every token of a stack. */
  revoke(space: string, stack: string): void {
    for (const token of this.#tokens.get(stackKey(space, stack)) ?? []) this.#server.revoke(token);
    this.#tokens.delete(stackKey(space, stack));
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  async #read(principal: ResourceIdentity, name: Name, signal: AbortSignal): Promise<Json> {
    const run = this.#runOf(principal);
    if (run === undefined) return this.#readAfterEnd(principal, name, signal);
    try {
      return await (this.#isOwnInput(principal, run, name)
        ? run.reads.input(name[3], signal)
        : run.reads.name(name, signal));
    } catch (error) {
      // The resource became complete while its process was waiting.
      if (!signal.aborted && this.#traversalOf(principal)?.completeRunOf(principal.name) === run) {
        return this.#readAfterEnd(principal, name, signal);
      }
      // A process that gave its read up knows why.
      if (!signal.aborted) run.reads.didFail(error);
      throw error;
    }
  }

  /** A process that goes on after its resource is complete reads as anybody outside does, but for its own inputs. */
  #readAfterEnd(principal: ResourceIdentity, name: Name, signal: AbortSignal): Promise<Json> {
    const run = this.#traversalOf(principal)?.completeRunOf(principal.name);
    return run !== undefined && this.#isOwnInput(principal, run, name)
      ? run.reads.input(name[3], signal)
      : readValue(this.#names, name, signal);
  }

  async #tryRead(principal: ResourceIdentity, name: Name): Promise<Json | undefined> {
    const run = this.#runOf(principal) ?? this.#traversalOf(principal)?.completeRunOf(principal.name);
    if (run === undefined) return this.#find(name);
    try {
      return await (this.#isOwnInput(principal, run, name) ? run.reads.tryInput(name[3]) : this.#find(name));
    } catch (error) {
      run.reads.didFail(error);
      throw error;
    }
  }

  /** What the name holds now; throws when it has failed. */
  async #find(name: Name): Promise<Json | undefined> {
    const entry = await this.#names.find(name);
    if (entry === undefined) return undefined;
    if ('failure' in entry) throw entry.failure;
    return entry.value;
  }

  /** `hotloom read peers` means the alias or property of that name, unless the resource publishes such an attribute. */
  #isOwnInput(principal: ResourceIdentity, run: ResourceRun, [space, stack, resource, attribute]: Name): boolean {
    const isOwn = space === principal.space && stack === principal.stack && resource === principal.name;
    return isOwn && run.inputs.has(attribute) && !Object.hasOwn(run.resource.outputs, attribute);
  }

  async #write(principal: ResourceIdentity, name: Name, value: Json): Promise<void> {
    const [space, stack, resource, attribute] = name;
    if (space !== principal.space || stack !== principal.stack) {
      throw new NotTheWriter({
        what: `'${principal.name}' may not write ${printName(name)}.`,
        why: `It belongs to stack '${principal.stack}', and a script writes names of its own stack only.`,
        fix: 'Let the other stack read the value from this one.',
      });
    }
    if (resource !== principal.name) return this.#writeOutside(name, value);
    const run = this.#runOf(principal);
    if (run === undefined) {
      throw new ActionCancelled({
        what: `'${attribute}' of '${principal.name}' can no longer be written.`,
        why: 'The resource is complete, or its run was stopped.',
        fix: 'Write what the resource declares before it is ready.',
      });
    }
    await run.publish(attribute, value);
  }

  /** A script names what is beside it by the name of its own template, and anything else from the root down. */
  #named(principal: ResourceIdentity, resource: string): string {
    const stack = this.#traversalOf(principal)?.stack;
    for (let at = principal.name.lastIndexOf('/'); stack !== undefined && at >= 0; ) {
      const name = `${principal.name.slice(0, at)}/${resource}`;
      if (stack.numbers.has(name)) return name;
      at = principal.name.lastIndexOf('/', at - 1);
    }
    return resource;
  }

  #runOf(principal: ResourceIdentity): ResourceRun | undefined {
    return this.#traversalOf(principal)?.runOf(principal.name);
  }

  #traversalOf({ space, stack, stackId }: ResourceIdentity): Traversal | undefined {
    const { traversal } = this.#running.get(space, stack) ?? {};
    return traversal?.stackId === stackId ? traversal : undefined;
  }
}
