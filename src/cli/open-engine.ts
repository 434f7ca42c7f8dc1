import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { localTypes } from '../builtin/local/index.ts';
import { Engine } from '../engine.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { encryptionOf } from './encryption.ts';
import type { Io } from './io.ts';
import { signalUrlChoice } from './signal-address.ts';

/** The options of every command that works with stored stacks. */
export interface StoreChoice {
  readonly store?: string;
  readonly keyFile?: string;
  readonly concurrency?: number;
  readonly signalAddress?: string;
}

/** And of those that name a stack or a value. */
export interface StoreOptions extends StoreChoice {
  readonly space: string;
  readonly json?: boolean;
}

/** `--store`, else `$HOTLOOM_STORE`, else `.hotloom/store.db` in the current directory. An absolute path. */
export function storeFile(io: Io, { store }: Pick<StoreOptions, 'store'>): string {
  return resolve(io.cwd, store ?? (io.env.HOTLOOM_STORE || join('.hotloom', 'store.db')));
}

export function hasStore(io: Io, options: Pick<StoreOptions, 'store'>): boolean {
  return existsSync(storeFile(io, options));
}

/** Runs `work` with an engine on the store, and closes it. The store's file is created when there is none. */
export async function withEngine<T>(io: Io, options: StoreChoice, work: (engine: Engine) => Promise<T>): Promise<T> {
  const file = storeFile(io, options);
  const encryption = await encryptionOf(io, options);
  const signalUrl = signalUrlChoice(io, options.signalAddress);
  const engine = new Engine({
    ...(encryption === undefined ? {} : { encryption }),
    ...(signalUrl === undefined ? {} : { signalUrl }),
    store: SqliteStore.open(file),
    // Beside the store, so that what belongs to the stacks of a project lies in one place.
    types: localTypes({ logDirectory: join(dirname(file), 'logs') }),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
  });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/**
 * For commands that only ask: like withEngine, but where there is no store they ask an empty one in memory, since a
 * question must not leave a file behind.
 */
export async function withExistingStore<T>(
  io: Io,
  options: StoreChoice,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  return hasStore(io, options) ? withEngine(io, options, work) : withoutStore(work);
}

/** Runs `work` with an engine that keeps nothing: for commands that only look at a template. */
export async function withoutStore<T>(
  work: (engine: Engine) => Promise<T>,
  { allowUnknownTypes = false }: { readonly allowUnknownTypes?: boolean | undefined } = {},
): Promise<T> {
  const engine = new Engine({ types: localTypes(), unknownTypes: allowUnknownTypes ? 'allow' : 'refuse' });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}
