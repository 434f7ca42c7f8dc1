import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isHotloomError } from '../src/errors.ts';
import { type Name, nameKey, parseName, printName } from '../src/names.ts';

describe('printName and parseName', () => {
  test.each([
    { name: ['default', 'app', 'web', 'address'], text: 'default.app.web.address' },
    { name: ['default', 'app.v1', 'web', 'address'], text: 'default.app\\.v1.web.address' },
    { name: ['default', 'a\\b', 'web', '.'], text: 'default.a\\\\b.web.\\.' },
    { name: ['default', 'app/group/0', '__proto__', 'a b'], text: 'default.app/group/0.__proto__.a b' },
    { name: ['\u{1f600}', 'é', '\n', '0'], text: '\u{1f600}.é.\n.0' },
  ])('$text', ({ name, text }) => {
    expect(printName(name)).toBe(text);
    expect(parseName(text)).toEqual(name);
  });

  test.each([
    { text: 'web.address', base: { stack: 'app' }, name: ['default', 'app', 'web', 'address'] },
    { text: 'web.address', base: { space: 's', stack: 'a.b' }, name: ['s', 'a.b', 'web', 'address'] },
    { text: 'db.web.address', base: { space: 's', stack: 'app' }, name: ['s', 'db', 'web', 'address'] },
    { text: 'db.web.address', base: {}, name: ['default', 'db', 'web', 'address'] },
    { text: 'x.db.web.address', base: { space: 's', stack: 'app' }, name: ['x', 'db', 'web', 'address'] },
  ])('$text is completed from $base', ({ text, base, name }) => expect(parseName(text, base)).toEqual(name));

  test.each([
    ['nothing', ''],
    ['one segment', 'web'],
    ['two segments without a stack to complete them', 'web.address'],
    ['five segments', 'a.b.c.d.e'],
    ['an empty segment', 'a..c.d'],
    ['an empty segment at the end', 'a.b.c.'],
    ['an escape of another character', 'a.b.c.\\d'],
    ['an escape of nothing', 'a.b.c.d\\'],
  ])('%s is no name', (_what, text) => {
    expect(() => parseName(text)).toThrow(
      [
        `'${text}' is not the name of a value.`,
        '  A full name has four segments that are not empty: space.stack.resource.attribute.',
        "  Write for example 'default.app.web.address'; a '.' inside a segment is written '\\.'.",
      ].join('\n'),
    );
  });

  const segment = fc.string({ unit: fc.constantFrom('.', '\\', 'a', '\u0000', '/', '\ud800', 'é'), minLength: 1 });
  const anyName = fc.tuple(segment, segment, segment, segment) as fc.Arbitrary<Name>;

  test('parsing gives back what was printed, whatever is in the segments', () => {
    fc.assert(fc.property(anyName, (name) => expect(parseName(printName(name))).toEqual(name)));
  });

  test('different names print differently and have different keys', () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        const same = a.every((each, index) => each === b[index]);
        expect(printName(a) === printName(b)).toBe(same);
        expect(nameKey(a) === nameKey(b)).toBe(same);
      }),
    );
  });

  test('a NUL moved from one segment to the next changes the key', () => {
    expect(nameKey(['a\u0000b', 'c', 'd', 'e'])).not.toBe(nameKey(['a', 'b\u0000c', 'd', 'e']));
  });

  test('any text with four segments either prints as itself or is refused by InvalidName', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', '\\', 'a', 'b') }), (text) => {
        try {
          const name = parseName(text);
          // A text with three segments is completed by the default space.
          expect([text, `default.${text}`]).toContain(printName(name));
        } catch (error) {
          if (!isHotloomError(error, 'InvalidName')) throw error;
        }
      }),
    );
  });
});
