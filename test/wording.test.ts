import { describe, expect, test } from '@jest/globals';
import { suggest } from '../src/wording.ts';

describe('suggest', () => {
  test.each([
    ['addres', ['port', 'address'], "Did you mean 'address'? "],
    ['PORT', ['port'], "Did you mean 'port'? "],
    ['x', ['address', 'port'], ''],
    ['ab', ['abcd'], ''],
    ['', ['a'], "Did you mean 'a'? "],
    ['a', [], ''],
  ])('%j of %j: %j', (wrong, names, text) => expect(suggest(wrong, names)).toBe(text));

  test('a very long name is no slip of the keyboard', () => {
    const long = 'n'.repeat(101);
    expect(suggest(long.slice(1), [long])).toBe(`Did you mean '${long}'? `);
    expect(suggest(long, [long])).toBe('');
  });
});
