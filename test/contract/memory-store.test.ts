import { describe, test } from '@jest/globals';
import { stackStoreContract } from '../../src/contract/stack-store-contract.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';

describe('MemoryStore keeps the contract of a stack store', () => {
  for (const { name, run } of stackStoreContract((now) => new MemoryStore({ now }))) test(name, run);
});
