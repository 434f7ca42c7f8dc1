import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isHotloomError } from '../../src/errors.ts';
import { loadDocument, nonTextKeys } from '../../src/template/yaml.ts';
import { runs } from '../random.ts';
import { thrownBy } from './scope-of.ts';

describe('scalars are read as PyYAML reads them for Heat', () => {
  test.each([
    ['yes', true],
    ['On', true],
    ['TRUE', true],
    ['off', false],
    ['y', 'y'],
    ['N', 'N'],
    ['017', 15],
    ['08', '08'],
    ['0o17', '0o17'],
    ['0x1F', 31],
    ['0b11', 3],
    ['1_000', 1000],
    ['-0', 0],
    ['12:30:45', 45045],
    ['01:30', '01:30'],
    ['1:30.5', 90.5],
    ['1e3', '1e3'],
    ['1.0e+3', 1000],
    ['.5', 0.5],
    ['2013-05-23', '2013-05-23'],
    ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'],
    ['~', null],
    ['', null],
    ["'yes'", 'yes'],
    ['!!str 5', '5'],
    ['!!float 3', 3],
    ['!!binary aGVsbG8=', 'hello'],
  ])('%s', (text, value) => expect(loadDocument(`a: ${text}`).data).toEqual({ a: value }));
});

describe('documents', () => {
  test.each([
    ['a: &x {b: 1}\nc: {<<: *x, d: 2}', { a: { b: 1 }, c: { b: 1, d: 2 } }],
    ['{"a": 1e3,\n\t"b": ["x:y"]}', { a: 1000, b: ['x:y'] }],
    ['{a: 1, b: yes}', { a: 1, b: true }],
    ['\uFEFFa: 1', { a: 1 }],
    ['1: x\nyes: y', { 1: 'x', true: 'y' }],
    // Lines of quoted texts and of brackets may begin anywhere.
    ['a: "x\ny\n\n   z"\nb: 1', { a: 'x y\nz', b: 1 }],
    ['a:\n  b: [1,\n2\n]\n  c: {d:\n1}', { a: { b: [1, 2], c: { d: 1 } } }],
  ])('%j', (text, data) => expect(loadDocument(text).data).toEqual(data));

  test('keys that are no texts are known', () => {
    const { data } = loadDocument('a: {1: x, yes: y, z: 1}');
    expect(nonTextKeys(data.a as object)).toEqual(['1', 'true']);
  });

  test('__proto__ is a key like any other and changes nothing', () => {
    const { data } = loadDocument('__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}');
    expect(Object.keys(data)).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

/** Nine levels of ten aliases each: 10^9 nodes. */
const BOMB = [...'abcdefghij']
  .map((name, index, names) => `${name}: &${name} [${Array(10).fill(index === 0 ? 'x' : `*${names[index - 1]}`)}]`)
  .join('\n');

const TOWER = Array.from(
  { length: 120 },
  (_, index) => `a${index}: &a${index} [${index === 0 ? 'x' : `*a${index - 1}`}]`,
);

describe('what is refused', () => {
  test.each([
    ['a: 1\nb: 2\na: 3', 'Error parsing template app.yaml: Duplicated mapping key.\n  at app.yaml:3:1'],
    ['{"a": 1,\n "a": 2}', 'Error parsing template app.yaml: Duplicated mapping key.\n  at app.yaml:2:3'],
    ['a: b: c', 'Error parsing template app.yaml: Bad indentation of a mapping entry.\n  at app.yaml:1:5'],
    [
      'a:\n\tb: 1',
      'Error parsing template app.yaml: Tab characters must not be used in indentation.\n  at app.yaml:2:1',
    ],
    ['a: *x', 'Error parsing template app.yaml: Unidentified alias "x".\n  at app.yaml:1:5'],
    ['a: !foo 1', 'Error parsing template app.yaml: Unknown scalar tag !<!foo>.\n  at app.yaml:1:4'],
    [
      '? [a]\n: 1',
      'Error parsing template app.yaml: A key that is a list or a mapping has no meaning here.\n  at app.yaml:1:1',
    ],
    [
      'a: 1\n---\nb: 2',
      'Error parsing template app.yaml: Expected a single document in the stream, but found more.\n  at app.yaml:3:1',
    ],
    [
      'a: "x',
      'Error parsing template app.yaml: Unexpected end of the stream within a double quoted scalar.\n  at app.yaml:1:6',
    ],
    [`a: ${'['.repeat(120)}`, 'Error parsing template app.yaml: Nesting exceeded maxDepth (100).\n  at app.yaml:1:103'],
    ['a: [1, .inf]', 'A number in the template is not finite.\n  at app.yaml:1:8'],
    [`a: ${'9'.repeat(400)}`, 'A number in the template is not finite.\n  at app.yaml:1:4'],
    [`a: ${'9'.repeat(400)}.0`, 'A number in the template is not finite.\n  at app.yaml:1:4'],
    ['a: -1.0e+999', 'A number in the template is not finite.\n  at app.yaml:1:4'],
    [
      `{"a": 1e999, "b": ${'['.repeat(400)}${']'.repeat(400)}}`,
      'A number in the template is not finite.\n  at app.yaml:1:1',
    ],
    ['{"a":\n 1e999}', 'A number in the template is not finite.\n  at app.yaml:2:2'],
    ['a: &x [*x]', 'The template contains itself.\n  at app.yaml:1:8  a[0]'],
    [BOMB, 'The template has more than 1000000 nodes once its aliases are followed.\n  at app.yaml:6:7'],
    [TOWER.join('\n'), 'The template is nested deeper than 100 levels.\n  at app.yaml:'],
    ['', 'The template is empty.\n  at app.yaml:1:1'],
    ['# nothing', 'The template is empty.\n  at app.yaml:1:1'],
    ['- a', 'The template is not a JSON object or YAML mapping.\n  at app.yaml:1:1'],
    ['text', 'The template is not a JSON object or YAML mapping.\n  at app.yaml:1:1'],
  ])('%j', (text, start) => {
    const error = thrownBy(() => loadDocument(text, { file: 'app.yaml' }));
    expect({ code: error.code, start: error.message.slice(0, start.length) }).toEqual({
      code: 'TemplateFormatError',
      start,
    });
  });

  test('the whole text of an error', () => {
    expect(thrownBy(() => loadDocument('a: 1\na: 2', { file: 'app.yaml' })).message).toBe(
      [
        'Error parsing template app.yaml: Duplicated mapping key.',
        '  at app.yaml:2:1',
        '  A mapping has each key once. Some parsers would take one of them and drop the other in silence.',
        '  Rename one of the two keys, or merge what they hold.',
      ].join('\n'),
    );
  });

  test('a text that is too long', () => {
    const error = thrownBy(() => loadDocument('a: äöü', { maxSize: 8 }));
    expect(error.code).toBe('RequestLimitExceeded');
    expect(error.what).toBe('Request limit exceeded: Template size (9 bytes) exceeds maximum allowed size (8 bytes).');
    expect(loadDocument('a: äöü', { maxSize: 9 }).data).toEqual({ a: 'äöü' });
  });

  test('any text gives a document or an error of this library', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '&x ',
      '*x',
      '<<',
      '"',
      "'",
      '|',
      '? ',
      '!',
      '\t',
      '#',
      '1',
      '.inf',
      '---',
      '__proto__',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join('')),
        ),
        (text) => {
          try {
            loadDocument(text).source.locate(['a', 0, 'b']);
          } catch (error) {
            expect(isHotloomError(error)).toBe(true);
            expect(isHotloomError(error, 'InternalError')).toBe(false);
          }
        },
      ),
      { numRuns: runs(500) },
    );
  });
});

describe('places', () => {
  const TEXT = [
    'heat_template_version: 2021-04-16',
    'x-shared: &shared {retries: 3}',
    'resources:',
    '  web:',
    '    type: X',
    '    properties:',
    '      <<: *shared',
    '      host: {get_attr: [db, address]}',
    '      "ports": [80, 443]',
    '      text: |',
    '        a',
    '      list:',
    '        - a',
    '        - b: 1',
    '      copy: *shared',
  ].join('\n');
  const { source } = loadDocument(TEXT, { file: 'app.yaml' });
  const properties = ['resources', 'web', 'properties'];

  test.each([
    { path: [], place: '1:1' },
    { path: ['resources'], place: '3:1' },
    { path: ['resources', 'web', 'type'], place: '5:11' },
    { path: [...properties, 'host'], place: '8:13' },
    { path: [...properties, 'host', 'get_attr', 1], place: '8:29' },
    { path: [...properties, 'ports', 1], place: '9:21' },
    { path: [...properties, 'text'], place: '10:7' },
    { path: [...properties, 'list'], place: '12:7' },
    { path: [...properties, 'list', 1, 'b'], place: '14:14' },
    { path: [...properties, 'copy', 'retries'], place: '2:29' },
    { path: [...properties, 'retries'], place: '2:29' },
    { path: [...properties, 'nope', 'deep'], place: '6:5' },
  ])('$path is at $place', ({ path, place }) => {
    const { line, column, excerpt } = source.locate(path);
    expect(`${line}:${column}`).toBe(place);
    expect(excerpt).toBe(TEXT.split('\n')[(line as number) - 1]);
  });

  test('lines may end as on Windows', () => {
    const { line, column, excerpt } = loadDocument('a: 1\r\nb:\r\n  c: 2\r\n').source.locate(['b', 'c']);
    expect({ line, column, excerpt }).toEqual({ line: 3, column: 6, excerpt: '  c: 2' });
  });
});
