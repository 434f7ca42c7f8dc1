import { expect, test } from '@jest/globals';
import { lookUpType } from '../../src/composition/registry-lookup.ts';

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

test.each([
  [{ A: 'B', B: 'A' }, "'A' -> 'B' -> 'A'"],
  [{ A: 'B', B: 'C', C: 'B' }, "'A' -> 'B' -> 'C' -> 'B'"],
])('aliases in a circle are refused: %j', (registry, circle) => {
  expect(() => lookUpType(registry, 'A', ['r'])).toThrow(`The resource_registry maps 'A' in a circle: ${circle}.`);
});
