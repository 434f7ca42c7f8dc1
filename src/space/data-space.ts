import type { HotloomError } from '../errors.ts';
import type { DeclaredNames, Name } from '../names.ts';
import type { Secrecy } from '../secrets.ts';
import type { Json, JsonObject } from '../values.ts';

/** A value that a name holds. */
export interface ReadValue {
  readonly value: Json;
  /** Told by the engine and not by a space: whether the value is secret. */
  readonly secrecy?: Secrecy;
}

/** What a name holds: a value, or the failure of its writer. */
export type Entry = ReadValue | { readonly failure: HotloomError };

export interface SpaceChange {
  readonly name: Name;
  readonly entry: Entry;
}

/**
 * One space of values by name. A read blocks until the name is written; a write never blocks on anybody. Presence
 * counts, not truth: `false`, `0`, `""` and `null` are values.
 *
 * A backend on another machine may take time to make a write durable: then `write` and `fail` resolve later, and no
 * reader is woken before. `hotloom/testing` has the suite that a backend must pass.
 */
export interface DataSpace {
  /**
   * Waits for the name and returns its value. Rejects with WriterFailed (cause: the failure) when its writer fails, and
   * with ReadAborted when `signal` fires first.
   */
  read(name: Name, options?: { readonly signal?: AbortSignal | undefined }): Promise<Json>;
  /** What the name holds now; undefined when nothing is written yet. Never blocks. */
  tryRead(name: Name): Entry | undefined;
  /**
   * Calls `wake` once, when the name holds something: before this returns if it does already. Those who wait for a name
   * are called in the order of their coming. The returned function takes the wish back. What `read` is made of, for
   * callers that must not allocate a promise per name; `wake` must not throw.
   */
  subscribe(name: Name, wake: (entry: Entry) => void): () => void;
  /**
   * Writes a name that no stack declares. The same value again is fine. Throws ConflictingWrite for a different value,
   * and NotTheWriter for a name that a stack declares.
   */
  write(name: Name, value: Json): void | Promise<void>;
  /**
   * Each change under `prefix` from now on (a space; a space and a stack; ...), and first what is there already, until
   * `signal` fires or the loop is left.
   */
  watch(prefix: readonly string[], options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<SpaceChange>;
  /**
   * Declares a stack's names: from now on only the returned region writes them. `outputs` tells each resource's
   * attributes. Throws NotTheWriter when the stack has a region already, and ConflictingWrite when somebody outside has
   * written one of the names. Reads that wait for one of them go on waiting. `outputs` must not change afterwards.
   */
  declare(space: string, stack: string, outputs: DeclaredNames): Region;
  /** True when a region declares the name. */
  isDeclared(name: Name): boolean;
  /** How many reads and subscriptions are blocked now. */
  readonly blockedReads: number;
  /** Releases every blocked read with ReadAborted, subscriptions by an entry with it as their failure; ends each watch. */
  close(): void | Promise<void>;
}

/** A stack's own part of the space: the right to write its names. */
export interface Region {
  readonly space: string;
  readonly stack: string;
  /**
   * Publishes a declared name. Throws UndeclaredWrite and ConflictingWrite, and NotTheWriter after `close`. A name that
   * has failed stays so: its readers have been told, and the late value of a handler that was given up is dropped.
   */
  write(resource: string, attribute: string, value: Json): void | Promise<void>;
  /**
   * The same for several names of a resource at once: `values` must not be changed afterwards. A backend that answers at
   * once may have it, where it is cheaper than one name after the other. Nothing is written when it throws UndeclaredWrite.
   * `number` is that of the resource by the numbering of the declared names, when the caller knows it.
   */
  writeAll?(resource: string, values: JsonObject, number?: number): void;
  /** Makes each name of the resource that is not written yet a failure. Throws UndeclaredWrite. Nothing after `close`. */
  fail(resource: string, failure: HotloomError): void | Promise<void>;
  /** What a declared name holds now. */
  tryRead(resource: string, attribute: string): Entry | undefined;
  /**
   * Takes the stack's names out of the space. Reads blocked on them stay blocked, as on a name that nobody declares.
   * A region that ends with its stack alive is not closed. A second call comes to its end no earlier than the first.
   */
  close(): void | Promise<void>;
}
