import { describe, test } from '@jest/globals';
import { dataSpaceContract } from '../../src/contract/data-space-contract.ts';
import { MemorySpace } from '../../src/space/memory-space.ts';

describe('MemorySpace keeps the contract of a data space', () => {
  for (const { name, run } of dataSpaceContract(() => new MemorySpace())) test(name, run);
});
