import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asJson, isJsonObject, type Json, MAX_EXPANDED_NODES, MAX_VALUE_DEPTH, sameJson } from '../src/values.ts';

describe('asJson', () => {
  test.each<[string, unknown, unknown]>([
    ['null', null, null],
    ['scalars', ['', 'a', 0, -1.5, true, false], ['', 'a', 0, -1.5, true, false]],
    ['a property that is undefined', { a: undefined, b: 1 }, { b: 1 }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['-0, which JSON text does not have', [-0], [0]],
  ])('%s', (_what, value, json) => expect(asJson(value)).toEqual(json));

  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'The value cannot be written as JSON: it is of type undefined.'],
    ['a function', { a: [() => 1] }, 'The value at a.0 cannot be written as JSON: it is of type function.'],
    ['a symbol', Symbol('s'), 'The value cannot be written as JSON: it is of type symbol.'],
    ['a bigint', [1n], 'The value at 0 cannot be written as JSON: it is of type bigint.'],
    ['NaN', { n: Number.NaN }, 'The value at n cannot be written as JSON: it is NaN.'],
    ['infinity', -Infinity, 'The value cannot be written as JSON: it is -Infinity.'],
    ['a date', { at: new Date(0) }, 'The value at at cannot be written as JSON: it is an object of class Date.'],
    ['a map', new Map(), 'The value cannot be written as JSON: it is an object of class Map.'],
    ['undefined in an array', [undefined], 'The value at 0 cannot be written as JSON: it is of type undefined.'],
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    ['a hole in an array', [1, , 3], 'The value at 1 cannot be written as JSON: it is of type undefined.'],
  ])('%s is refused, with its place', (_what, value, text) => {
    expect(() => asJson(value)).toThrow(
      [
        text,
        '  Values in the data space are JSON, so that they can be stored and read by any program.',
        '  Write null, a boolean, a finite number, a string, or arrays and plain objects of these.',
      ].join('\n'),
    );
  });

  const nested = (depth: number): unknown => {
    let value: unknown = 'end';
    for (let level = 0; level < depth; level += 1) value = [value];
    return value;
  };

  test('nesting is bounded, and so is a value that refers to itself', () => {
    expect(asJson(nested(MAX_VALUE_DEPTH))).toEqual(nested(MAX_VALUE_DEPTH));
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const value of [nested(MAX_VALUE_DEPTH + 1), circle]) {
      expect(() => asJson(value)).toThrow('it is nested deeper than 100 levels or refers to itself');
    }
  });

  test('what was checked before does not make a value deeper than the bound', () => {
    const inner = asJson(nested(60));
    let value: unknown = inner;
    for (let level = 0; level < 50; level += 1) value = [value];
    expect(() => asJson(value)).toThrow('nested deeper');
  });

  test('shared parts that multiply are refused, and a large value without them is not', () => {
    let bomb: unknown = 'x';
    for (let level = 0; level < 40; level += 1) bomb = [bomb, bomb];
    expect(() => asJson({ bomb })).toThrow('it has more than 1000000 nodes once shared parts are counted each time');
    const text = 'x'.repeat(100_000);
    let long: unknown = text;
    for (let level = 0; level < 12; level += 1) long = [long, long];
    expect(() => asJson(long)).toThrow('it has more than 1000000 nodes once shared parts are counted each time');
    const items = new Array<number>(MAX_EXPANDED_NODES + 1).fill(1);
    expect(asJson(items)).toHaveLength(items.length);
  });

  test('a shared part is copied with the bound on nesting', () => {
    const shared = nested(60);
    expect(asJson([shared, [shared]])).toEqual([nested(60), [nested(60)]]);
    let under: unknown = shared;
    for (let level = 0; level < 50; level += 1) under = [under];
    expect(() => asJson([shared, under])).toThrow('nested deeper');
  });

  test('the copy is frozen at every level and shares nothing with the original', () => {
    const original = { list: [{ a: 1 }] };
    const copy = asJson(original) as typeof original;
    original.list[0]!.a = 2;
    expect(copy).toEqual({ list: [{ a: 1 }] });
    expect([copy, copy.list, copy.list[0]].every(Object.isFrozen)).toBe(true);
    expect(asJson(copy)).toBe(copy);
  });

  test('__proto__ is a key like any other', () => {
    const copy = asJson(JSON.parse('{"__proto__": {"polluted": true}}')) as Record<string, Json>;
    expect(Object.keys(copy)).toEqual(['__proto__']);
    expect(copy.polluted).toBeUndefined();
  });

  test('a copy says the same as the original, in JSON text too', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = asJson(value);
        expect(sameJson(copy, JSON.parse(JSON.stringify(value)))).toBe(true);
        expect(sameJson(JSON.parse(JSON.stringify(copy)), copy)).toBe(true);
      }),
    );
  });
});

describe('sameJson', () => {
  test.each<[Json, Json, boolean]>([
    [null, null, true],
    [null, false, false],
    [0, false, false],
    ['', null, false],
    [[], {}, false],
    [[1, 2], [2, 1], false],
    [{ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 }, true],
    [{ a: null }, {}, false],
    [[[]], [[[]]], false],
  ])('%j and %j: %s', (a, b, same) => {
    expect(sameJson(a, b)).toBe(same);
    expect(sameJson(b, a)).toBe(same);
  });
});

test.each<[Json | undefined, boolean]>([
  [{}, true],
  [[], false],
  [null, false],
  ['x', false],
  [undefined, false],
])('isJsonObject(%j) is %s', (value, is) => expect(isJsonObject(value)).toBe(is));
