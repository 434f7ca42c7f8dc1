import type { HotloomError } from '../../src/errors.ts';
import type { Name } from '../../src/names.ts';
import type { DataSpace, Entry, Region, SpaceChange } from '../../src/space/data-space.ts';
import { MemorySpace } from '../../src/space/memory-space.ts';
import type { Json } from '../../src/values.ts';

interface SimulatedSpaceOptions {
  /** Lets some time pass, as on the way to another machine; undefined for a space that answers at once. */
  readonly delay: (() => Promise<void>) | undefined;
  /** Told before readers are, of a value or of a resource that failed; `name` is `stack.resource.attribute` or shorter. */
  readonly didArrive: (name: string, isFailure: boolean) => void;
}

/** A data space in which what is written may arrive after a while, in its order for each stack. */
export class SimulatedSpace implements DataSpace {
  readonly #space = new MemorySpace();
  readonly #options: SimulatedSpaceOptions;

  constructor(options: SimulatedSpaceOptions) {
    this.#options = options;
  }

  get blockedReads(): number {
    return this.#space.blockedReads;
  }

  read(name: Name, options?: { readonly signal?: AbortSignal | undefined }): Promise<Json> {
    return this.#space.read(name, options);
  }

  tryRead(name: Name): Entry | undefined {
    return this.#space.tryRead(name);
  }

  subscribe(name: Name, wake: (entry: Entry) => void): () => void {
    return this.#space.subscribe(name, wake);
  }

  write(name: Name, value: Json): void | Promise<void> {
    const { delay, didArrive } = this.#options;
    const arrive = (): void => {
      didArrive(name.slice(1).join('.'), false);
      this.#space.write(name, value);
    };
    return delay === undefined ? arrive() : delay().then(arrive);
  }

  watch(
    prefix: readonly string[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<SpaceChange> {
    return this.#space.watch(prefix, options);
  }

  declare(space: string, stack: string, outputs: ReadonlyMap<string, readonly string[]>): Region {
    return new SimulatedRegion(this.#space.declare(space, stack, outputs), this.#options);
  }

  isDeclared(name: Name): boolean {
    return this.#space.isDeclared(name);
  }

  close(): void {
    this.#space.close();
  }
}

export class SimulatedRegion implements Region {
  readonly #region: Region;
  readonly #options: SimulatedSpaceOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(region: Region, options: SimulatedSpaceOptions) {
    this.#region = region;
    this.#options = options;
  }

  get space(): string {
    return this.#region.space;
  }

  get stack(): string {
    return this.#region.stack;
  }

  write(resource: string, attribute: string, value: Json): void | Promise<void> {
    return this.#inTurn(() => {
      this.#options.didArrive(`${this.stack}.${resource}.${attribute}`, false);
      return this.#region.write(resource, attribute, value);
    });
  }

  fail(resource: string, failure: HotloomError): void | Promise<void> {
    return this.#inTurn(() => {
      this.#options.didArrive(`${this.stack}.${resource}`, true);
      return this.#region.fail(resource, failure);
    });
  }

  tryRead(resource: string, attribute: string): Entry | undefined {
    return this.#region.tryRead(resource, attribute);
  }

  close(): void | Promise<void> {
    return this.#inTurn(() => this.#region.close());
  }

  #inTurn(act: () => void | Promise<void>): void | Promise<void> {
    const { delay } = this.#options;
    if (delay === undefined) return act();
    const done = this.#last.then(delay).then(act);
    this.#last = done.catch(() => {});
    return done;
  }
}
