import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from '@jest/globals';
import { stackStoreContract } from '../../src/contract/stack-store-contract.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe.each(['process', 'power'] as const)(
  'SqliteStore keeps the contract of a stack store, durable over a %s loss',
  (durability) => {
    let files = 0;
    const make = (now: () => number): SqliteStore => {
      files += 1;
      return SqliteStore.open(join(directory, durability, `${files}.db`), { durability, now });
    };
    for (const { name, run } of stackStoreContract(make)) test(name, run);
  },
);
