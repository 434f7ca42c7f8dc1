import { expect, test } from '@jest/globals';
import { hooksOf, lookUpType } from '../../src/composition/registry-lookup.ts';
import type { JsonObject } from '../../src/values.ts';

test.each([
  { registry: {}, type: 'A::B', path: ['r'], found: 'A::B' },
  { registry: { 'A::B': 'C::D' }, type: 'A::B', path: ['r'], found: 'C::D' },
  { registry: { 'A::B': 'C::D', 'C::D': 'c.yaml' }, type: 'A::B', path: ['r'], found: 'c.yaml' },
  { registry: { 'A::B': null }, type: 'A::B', path: ['r'], found: undefined },
  { registry: { 'A::*': 'C::D' }, type: 'A::B', path: ['r'], found: 'C::D' },
  { registry: { 'A::*': 'C::*' }, type: 'A::B', path: ['r'], found: 'C::B' },
  { registry: { 'A::*': 'c.yaml' }, type: 'A::B', path: ['r'], found: 'A::B' },
  { registry: { '*': 'X', 'A::*': 'Y' }, type: 'A::B', path: ['r'], found: 'X' },
  { registry: { 'A::*': 'Y', 'A::B': 'Z' }, type: 'A::B', path: ['r'], found: 'Z' },
  { registry: { 'A::B': 'Y', resources: { r: { 'A::B': 'Z' } } }, type: 'A::B', path: ['r'], found: 'Z' },
  { registry: { 'A::B': 'Y', resources: { r: { 'A::B': 'Z' } } }, type: 'A::B', path: ['s'], found: 'Y' },
  { registry: { resources: { r: { v: { 'A::B': 'Z' } } } }, type: 'A::B', path: ['r', 'v'], found: 'Z' },
  { registry: { resources: { r: { v: { 'A::B': 'Z' } } } }, type: 'A::B', path: ['r'], found: 'A::B' },
])('under $registry $path of type $type is $found', ({ registry, type, path, found }) => {
  expect(lookUpType(registry, type, path)).toBe(found);
});

const hooks = (...words: readonly string[]) => ({ hooks: words });

test.each([
  { resources: { r: hooks('pre-create') }, path: ['r'], found: 'pre-create' },
  { resources: { r: { hooks: 'pre-create' } }, path: ['s'], found: '' },
  {
    resources: { 'r*': hooks('pre-create'), '*1': hooks('post-create', 'pre-create') },
    path: ['r1'],
    found: 'pre-create post-create',
  },
  { resources: { 'r.': hooks('pre-create') }, path: ['r1'], found: '' },
  { resources: { r: { '*': hooks('pre-delete') } }, path: ['r', '0'], found: 'pre-delete' },
  { resources: { r: { '*': hooks('pre-delete') } }, path: ['r'], found: '' },
  {
    resources: { 'r*': { 0: hooks('pre-delete') }, '*': { 1: hooks('pre-update') } },
    path: ['r1', '0'],
    found: 'pre-delete',
  },
  {
    resources: { '*': { 0: hooks('pre-update') }, r: { 0: hooks('pre-delete') } },
    path: ['r', '0'],
    found: 'pre-delete',
  },
  { resources: { '*': hooks('pre-update') }, path: ['r', '0'], found: '' },
  { resources: { '*': { '*': { v: hooks('pre-update') } } }, path: ['r', '0', 'v'], found: 'pre-update' },
])('under $resources the hooks of $path are: $found', ({ resources, path, found }) => {
  expect([...hooksOf({ resources } as JsonObject, path)].join(' ')).toBe(found);
});

test('a type inside of whatever fits a pattern is found too, by the name of the resource', () => {
  const registry = { resources: { 'r*': { v: { 'A::B': 'Z' }, '*': { 'A::B': 'Y' } } } };
  expect(lookUpType(registry, 'A::B', ['r1', 'v'])).toBe('Z');
  expect(lookUpType(registry, 'A::B', ['r1', 'w'])).toBe('A::B');
});

test.each([
  [{ A: 'B', B: 'A' }, "'A' -> 'B' -> 'A'"],
  [{ A: 'B', B: 'C', C: 'B' }, "'A' -> 'B' -> 'C' -> 'B'"],
])('aliases in a circle are refused: %j', (registry, circle) => {
  expect(() => lookUpType(registry, 'A', ['r'])).toThrow(`The resource_registry maps 'A' in a circle: ${circle}.`);
});
