import { createDecipheriv } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isHotloomError } from '../../src/errors.ts';
import { keysIn, parseKey } from '../../src/store/encryption-key.ts';
import { Keyring, type Sealed, type SealPlace } from '../../src/store/keyring.ts';
import type { Json } from '../../src/values.ts';
import { KEY, OTHER_KEY } from './keys.ts';

const BYTES = Uint8Array.from({ length: 32 }, (_, index) => index);
const HEX = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const PLACE: SealPlace = ['id-1', 'value', 'db', 'password'];

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return isHotloomError(error) ? error.code : String(error);
  }
}

describe('a key', () => {
  test.each([
    ['its bytes', BYTES],
    ['hexadecimal', HEX],
    ['hexadecimal in capitals', HEX.toUpperCase()],
    ['base64', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='],
    ['base64 without its end', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'],
    ['a line of a file', ' AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n'],
  ])('is the same given as %s', (_, given) => {
    const { id, secret } = parseKey(given);
    expect([id, secret.export().toString('hex')]).toEqual(['538dd787a0d44e89', HEX]);
  });

  test.each<[string, string | Uint8Array]>([
    ['the empty text', ''],
    ['a passphrase', 'correct horse battery staple'],
    ['too few bytes', Buffer.alloc(31, 'abcdefghijkl').toString('base64')],
    ['too many bytes', Buffer.alloc(33, 'abcdefghijkl')],
    ['the same byte over and over', Buffer.alloc(32, 7).toString('hex')],
    ['a number', 5 as unknown as string],
  ])('is not %s, which is not quoted', (_, given) => {
    expect(codeOf(() => parseKey(given))).toBe('EncryptionKeyInvalid');
    if (typeof given !== 'string' || given === '') return;
    expect(() => parseKey(given)).not.toThrow(given);
  });

  test('says how one is made when it is none', () => {
    expect(() => parseKey('hunter2', 'The encryption key in k')).toThrow(
      'The encryption key in k is not valid.\n' +
        '  32 bytes are 44 characters in base64 and 64 in hexadecimal; this text of 7 is neither. A passphrase is no key: it can be guessed.\n' +
        '  Make one by: openssl rand -base64 32',
    );
  });

  test('is not shown when it is printed', () => {
    expect(inspect(parseKey(BYTES), { depth: 9, showHidden: true })).not.toMatch(/0001|AAEC|\b31\b/);
  });

  test('may stand with others in a text, with comments', () => {
    expect(keysIn(`# new\n${KEY} # of May\n\n${OTHER_KEY}\n`, 'It')).toEqual([KEY, OTHER_KEY]);
    expect(codeOf(() => keysIn('# none yet\n', 'It'))).toBe('EncryptionKeyInvalid');
    expect(codeOf(() => new Keyring([]))).toBe('UsageError');
  });
});

describe('a sealed value', () => {
  test('has this form, which other programs can open', () => {
    const sealed = new Keyring([BYTES], () => Uint8Array.from({ length: 12 }, (_, index) => 100 + index)).seal(
      { user: 'å', pin: [1234, null] },
      PLACE,
    );
    expect(sealed).toEqual({
      key: '538dd787a0d44e89',
      nonce: 'ZGVmZ2hpamtsbW5v',
      text: 'MzmrFRybdKQcofrK9kcalCzgPFG6XsBGi7/ZJJf+2A==',
      tag: 'o9PDk5c1l4i2D9H71rijoQ==',
    });
    const decipher = createDecipheriv('aes-256-gcm', BYTES, Buffer.from(sealed.nonce, 'base64'));
    decipher.setAAD(Buffer.from('["hotloom",1,"id-1","value","db","password"]'));
    decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
    expect(decipher.update(sealed.text, 'base64', 'utf8') + decipher.final('utf8')).toBe(
      '{"user":"å","pin":[1234,null]}',
    );
  });

  test('opens at its place with any of the keys that has its id, whatever it is', () => {
    const place = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.jsonValue(), place, (value, names) => {
        const at = names as unknown as SealPlace;
        const sealed = new Keyring([KEY]).seal(value as Json, at);
        const opened = new Keyring([OTHER_KEY, KEY]).open(sealed, at);
        expect(JSON.stringify(opened)).toBe(JSON.stringify(value));
      }),
    );
  });

  test('opens at no other place', () => {
    const places = fc.array(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(places, places, (from, to) => {
        fc.pre(JSON.stringify(from) !== JSON.stringify(to));
        const keyring = new Keyring([KEY]);
        const sealed = keyring.seal('s3cret', from as unknown as SealPlace);
        expect(codeOf(() => keyring.open(sealed, to as unknown as SealPlace))).toBe('SealBroken');
      }),
    );
  });

  test('does not open when a bit of it has changed', () => {
    const keyring = new Keyring([KEY]);
    fc.assert(
      fc.property(
        fc.constantFrom('nonce', 'text', 'tag'),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        (part, at, bit) => {
          const sealed = keyring.seal('s3cret', PLACE);
          const bytes = Buffer.from(sealed[part as keyof Sealed], 'base64');
          bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ (1 << bit);
          const changed = { ...sealed, [part]: bytes.toString('base64') };
          expect(codeOf(() => keyring.open(changed, PLACE))).toBe('SealBroken');
        },
      ),
    );
    const sealed = keyring.seal('s3cret', PLACE);
    for (const part of ['nonce', 'text', 'tag']) {
      expect(codeOf(() => keyring.open({ ...sealed, [part]: sealed.tag.slice(0, 8) }, PLACE))).toBe('SealBroken');
      expect(codeOf(() => keyring.open({ ...sealed, [part]: '' }, PLACE))).toBe('SealBroken');
    }
  });

  test('is missing without its key, and is sealed with another nonce each time', () => {
    const keyring = new Keyring([KEY]);
    const sealed = keyring.seal('s3cret', PLACE);
    expect(new Keyring([OTHER_KEY]).open(sealed, PLACE)).toBeUndefined();
    expect(keyring.seal('s3cret', PLACE)).not.toEqual(sealed);
  });
});
