import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { localTypes } from '../../src/builtin/local/index.ts';
import { Engine } from '../../src/engine.ts';
import { isHotloomError } from '../../src/errors.ts';
import { findResource } from '../../src/interface/interface.ts';
import { runs } from '../random.ts';
import { fuzzCases, inputOf } from './cases.ts';
import { readSeeds } from './seeds.ts';
import { faultOf } from './verdict.ts';

// The short form of `npm run fuzz`: always the same cases.
describe('whatever the documents are', () => {
  const seeds = readSeeds();

  test.each(['refuse', 'last'] as const)(
    'the engine analyses them or refuses them with an error of its own (duplicate keys: %s)',
    (duplicateKeys) => {
      const engine = new Engine({ duplicateKeys, types: localTypes() });
      fc.assert(
        fc.property(fuzzCases(seeds), (fuzzCase) => {
          expect(faultOf(engine, isHotloomError, inputOf(seeds, fuzzCase))).toBeUndefined();
        }),
        { numRuns: runs(1000) },
      );
    },
  );
});

test('attributes that only references name are added to their resource, and not to others of its type', () => {
  const names = Array.from({ length: 200 }, (_, index) => `x${index}`);
  const { stack } = new Engine().validate({
    stack: 'fuzz',
    template: {
      heat_template_version: '2021-04-16',
      resources: { a: { type: 'OS::Heat::None' }, b: { type: 'OS::Heat::None' } },
      outputs: { o: { value: names.map((name) => ({ get_attr: ['a', name] })) } },
    },
  });
  expect(Object.keys(findResource(stack, 'a')?.outputs ?? {})).toEqual(expect.arrayContaining(names));
  expect(Object.keys(findResource(stack, 'b')?.outputs ?? {})).not.toContain('x0');
});
