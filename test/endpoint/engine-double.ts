import type { EndpointServerOptions } from '../../src/endpoint/endpoint-server.ts';
import { ConflictingWrite, NotTheWriter, WriterFailed } from '../../src/errors.ts';
import type { WaitingRead } from '../../src/events.ts';
import { type Name, printName } from '../../src/names.ts';
import type { ResourceIdentity } from '../../src/resource/handler.ts';
import { type Json, sameJson } from '../../src/values.ts';

/** The engine's side of an endpoint: values by printed name, own stack's writes only, single assignment. */
export class EngineDouble implements EndpointServerOptions {
  readonly values = new Map<string, Json>();
  /** Printed names whose writer has failed. */
  readonly failed = new Set<string>();
  readonly #readers = new Map<string, Set<() => void>>();
  readonly #watchers = new Set<() => void>();

  /** The names that were read by waiting, in order. */
  readonly reads: string[] = [];

  /** How many reads are blocked now. */
  get blockedReads(): number {
    return [...this.#readers.values()].reduce((sum, readers) => sum + readers.size, 0);
  }

  /** Resolves when that many reads are blocked. */
  async untilBlocked(count: number): Promise<void> {
    while (this.blockedReads !== count) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** `RESOURCE JSON` of each signal, the stack before those of an engine's own token. */
  readonly signals: string[] = [];

  readonly onSignal = async (_principal: ResourceIdentity, resource: string, data: Json | undefined): Promise<string> =>
    this.onSignalOf('', '', resource, data);

  readonly onSignalOf = async (
    space: string,
    stack: string,
    resource: string,
    data: Json | undefined,
  ): Promise<string> => {
    this.signals.push([space, stack, resource, JSON.stringify(data)].filter(Boolean).join(' '));
    return 'signalled';
  };

  readonly onWaiting = (): readonly WaitingRead[] => [];

  readonly onCancel = async (): Promise<void> => {};

  readonly onRead = async (_principal: ResourceIdentity, name: Name, signal: AbortSignal): Promise<Json> => {
    const key = printName(name);
    this.reads.push(key);
    while (!this.values.has(key)) {
      if (this.failed.has(key)) throw writerFailed(key);
      await this.#changed(key, signal);
    }
    return this.values.get(key) as Json;
  };

  readonly onTryRead = async (_principal: ResourceIdentity, name: Name): Promise<Json | undefined> => {
    const key = printName(name);
    if (this.failed.has(key)) throw writerFailed(key);
    return this.values.get(key);
  };

  readonly onWrite = async (principal: ResourceIdentity, name: Name, value: Json): Promise<void> => {
    if (name[1] !== principal.stack) {
      throw new NotTheWriter({
        what: `'${printName(name)}' belongs to another stack.`,
        why: `This process belongs to the stack '${principal.stack}'.`,
        fix: 'Write a name of the own stack.',
      });
    }
    this.write(printName(name), value);
  };

  write(key: string, value: Json): void {
    const earlier = this.values.get(key);
    if (earlier !== undefined && !sameJson(earlier, value)) {
      throw new ConflictingWrite({ what: `'${key}' is written already.` });
    }
    this.values.set(key, value);
    this.#wake(key);
  }

  fail(key: string): void {
    this.failed.add(key);
    this.#wake(key);
  }

  #changed(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const readers = this.#readers.get(key) ?? new Set();
      this.#readers.set(key, readers);
      const wake = (): void => {
        end();
        resolve();
      };
      const abort = (): void => {
        end();
        reject(signal.reason);
      };
      const end = (): void => {
        readers.delete(wake);
        signal.removeEventListener('abort', abort);
        this.#tell();
      };
      readers.add(wake);
      signal.addEventListener('abort', abort);
      this.#tell();
    });
  }

  #wake(key: string): void {
    for (const wake of [...(this.#readers.get(key) ?? [])]) wake();
  }

  #tell(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }
}

function writerFailed(key: string): WriterFailed {
  return new WriterFailed({ what: `'${key}' will not be written.`, why: 'Its writer failed.', fix: 'Look at it.' });
}
