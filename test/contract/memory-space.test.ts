import { describe, test } from '@jest/globals';
import { dataSpaceContract } from '../../src/contract/data-space-contract.ts';
import type { DeclaredNames } from '../../src/names.ts';
import type { Region } from '../../src/space/data-space.ts';
import { MemorySpace } from '../../src/space/memory-space.ts';
import { numbered } from '../space/numbered.ts';

/** Each value is written as all values of its resource. */
class WholeSpace extends MemorySpace {
  override declare(space: string, stack: string, outputs: DeclaredNames): Region {
    const names = numbered(outputs);
    const region = super.declare(space, stack, names);
    return {
      space,
      stack,
      write: (resource, attribute, value) =>
        region.writeAll?.(resource, { [attribute]: value }, names.numbering?.numberOf(resource)),
      fail: (resource, failure) => region.fail(resource, failure),
      tryRead: (resource, attribute) => region.tryRead(resource, attribute),
      close: () => region.close(),
    };
  }
}

describe('MemorySpace keeps the contract of a data space', () => {
  for (const { name, run } of dataSpaceContract(() => new MemorySpace())) test(name, run);
});

describe('MemorySpace keeps it too when values are written together', () => {
  for (const { name, run } of dataSpaceContract(() => new WholeSpace())) test(name, run);
});
