import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from '@jest/globals';
import { stackStoreContract } from '../../src/contract/stack-store-contract.ts';
import { Keyring } from '../../src/store/keyring.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { SealedStore } from '../../src/store/sealed-store.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { SnapshotRecord, StackDefinition, StackRecord } from '../../src/store/stack-store.ts';
import { KEY } from '../store/keys.ts';

const directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
function sqlite(now: () => number): SqliteStore {
  files += 1;
  return SqliteStore.open(join(directory, `${files}.db`), { now });
}

/** Tells of a stack what any backend does: the contract knows nothing of hidden values. */
class BareSealedStore extends SealedStore {
  override async findStack(space: string, name: string): Promise<StackRecord | undefined> {
    const record = await super.findStack(space, name);
    if (record === undefined) return undefined;
    const { previous, ...others } = bare(record);
    return previous === undefined ? others : { ...others, previous: bare(previous) };
  }

  override async snapshots(stackId: string): Promise<readonly SnapshotRecord[]> {
    const snapshots = await super.snapshots(stackId);
    return snapshots.map((snapshot) => ({ ...snapshot, definition: bare(snapshot.definition) }));
  }
}

function bare<D extends StackDefinition>({ hidden: _hidden, secretParts: _holds, ...others }: D) {
  return others;
}

describe.each([
  ['a key, over SQLite', (now: () => number) => new BareSealedStore(sqlite(now), new Keyring([KEY]))],
  ['a key, in memory', (now: () => number) => new BareSealedStore(new MemoryStore({ now }), new Keyring([KEY]))],
  ['no key', (now: () => number) => new BareSealedStore(new MemoryStore({ now }), undefined)],
])('SealedStore with %s keeps the contract of a stack store', (_, make) => {
  for (const { name, run } of stackStoreContract(make)) test(name, run);
});
