import { describe, expect, test } from '@jest/globals';
import { firstOf, uint8Array, uint32Array } from '../../src/graph/number-arrays.ts';

describe('the arrays of a graph', () => {
  test.each([
    ['numbers', uint32Array, 2 ** 18],
    ['bytes', uint8Array, 2 ** 20],
  ] as const)('%s lie in memory that the heap is not charged for from 1 MiB on', (_, make, length) => {
    const small = make(length - 1);
    expect([small.length, small.buffer.constructor.name]).toEqual([length - 1, 'ArrayBuffer']);

    const large = make(length);
    expect([large.length, large.buffer.constructor.name]).toEqual([length, 'SharedArrayBuffer']);
    expect(large.every((each) => each === 0)).toBe(true);
  });

  test.each([10, 2 ** 18])('the first %d of an array have room of their own', (length) => {
    const numbers = uint32Array(length + 5).map((_, index) => index);
    const first = firstOf(numbers, length);
    numbers[3] = 0;
    expect([first.length, first[3], first[length - 1]]).toEqual([length, 3, length - 1]);
  });
});
