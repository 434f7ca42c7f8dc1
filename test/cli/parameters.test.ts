import { describe, expect, test } from '@jest/globals';
import { parseParameters, splitPair } from '../../src/cli/parameters.ts';

describe('parseParameters', () => {
  test.each([
    { given: [], values: {} },
    { given: ['size=3'], values: { size: '3' } },
    { given: ['size=3', 'name=app'], values: { size: '3', name: 'app' } },
    { given: ['size=3;name=app'], values: { size: '3', name: 'app' } }, // Heat's client, for a single option
    { given: ['command=a; b;c'], values: { command: 'a; b;c' } }, // no further KEY=, so part of the value
    { given: ['a=1;b=2', 'c=3'], values: { a: '1;b=2', c: '3' } }, // several options: none is split
    { given: ['url=http://x?a=b'], values: { url: 'http://x?a=b' } },
    { given: ['empty='], values: { empty: '' } },
    { given: ['zone=a', 'zone=b'], values: { zone: ['a', 'b'] } }, // given again: a list
  ])('$given', ({ given, values }) => expect(parseParameters(given)).toEqual(values));

  test.each(['size', '=3', ''])("'%s' is malformed", (pair) => {
    expect(() => splitPair(pair, '--parameter')).toThrow(`Malformed parameter (${pair}). Use the key=value format.`);
  });
});
