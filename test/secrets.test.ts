import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Secrets } from '../src/secrets.ts';
import type { Json } from '../src/values.ts';

function secretsOf(...values: readonly Json[]): Secrets {
  const secrets = new Secrets();
  for (const value of values) secrets.add(value);
  return secrets;
}

describe('a text with secrets is masked', () => {
  test.each<[readonly Json[], string, string]>([
    [['pass'], 'a pass, passpass', 'a ******, ************'],
    [['pass', 'password'], 'my password', 'my ******'],
    [['abcd', 'bcdefg'], 'abcdefg!', '******!'],
    [['aaa'], 'aaaa', '******'],
    [[12345], 'pin 12345', 'pin ******'],
    [[{ user: 'root', of: ['x-y'] }], 'root at x-y', '****** at ******'],
    [['line\nend"'], 'json: "line\\nend\\"" or line\nend"', 'json: "******" or ******'],
    [['ab', true, null], 'ab true null', 'ab true null'],
  ])('%j in %j', (values, text, masked) => {
    expect(secretsOf(...values).mask(text)).toBe(masked);
    const many = Array.from({ length: 50 }, (_, index) => `no-such-secret-${index}`);
    expect(secretsOf(...values, ...many).mask(text)).toBe(masked);
  });

  test('whatever they are, few or many: none is left, and nothing else is gone', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 3, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 60 }),
        fc.array(fc.oneof(word, fc.constant('-'))),
        (words, parts) => {
          const text = parts.join('');
          const masked = secretsOf(...words).mask(text);
          for (const secret of words) expect(masked).not.toContain(secret);
          // What is left stands in the text, in its order.
          let at = 0;
          for (const part of masked.split('******')) {
            at = text.indexOf(part, at);
            expect(at).toBeGreaterThanOrEqual(0);
          }
          if (!words.some((secret) => text.includes(secret))) expect(masked).toBe(text);
        },
      ),
    );
  });
});

test('in a value every text, key and number is masked, and it stays a value', () => {
  const secrets = secretsOf('pass', 12345);
  expect(secrets.masked({ of: ['my pass', 12345, 1, null], pass: true })).toEqual({
    of: ['my ******', '******', 1, null],
    '******': true,
  });
});

test('a value is ephemeral when anything ephemeral stands in it, else secret when a secret does', () => {
  const secrets = new Secrets();
  expect(secrets.secrecyOf('pass')).toBeUndefined();
  secrets.add('pass');
  secrets.add('once', 'ephemeral');
  expect(['no', 'a pass', ['a pass', 'at once']].map((value) => secrets.secrecyOf(value))).toEqual([
    undefined,
    'secret',
    'ephemeral',
  ]);
  secrets.add('once');
  expect(secrets.secrecyOf('once')).toBe('ephemeral');
});
