import { describe, expect, test } from '@jest/globals';
import { findWantedInCircles } from '../../src/space/wait-circles.ts';
import type { WaitSource, WaitTarget } from '../../src/space/waits.ts';

/** `a/p.x`: the attribute `x` of the resource `p` of the stack `a`. */
function targetOf(text: string): WaitTarget {
  const [stack = '', rest = ''] = text.split('/');
  const [resource = '', attribute] = rest.split('.');
  return { space: 'default', stack, resource, attribute };
}

/** By stack and resource, what it waits for; `?` after the resource: it is compared. Counts how often a name is asked for. */
function world(waits: { readonly [resource: string]: readonly string[] }) {
  const asked: string[] = [];
  const sources = new Map<string, WaitSource>();
  for (const stack of new Set(Object.keys(waits).map((each) => each.split('/')[0] as string))) {
    const missingOf = (key: string) => waits[`${stack}/${key}`]?.map(targetOf);
    sources.set(stack, {
      comparedInputs: (resource) => missingOf(`${resource}?`),
      isConfirmed: (_, attribute) => attribute === 'confirmed',
      blockers(resource, attribute) {
        asked.push(`${stack}/${resource}.${attribute}`);
        const missing = missingOf(resource) ?? [];
        return missing.length === 0 ? [] : [{ input: 'in', missing, isNeeded: true, read: undefined }];
      },
    });
  }
  return { asked, sourceOf: (_: string, stack: string) => sources.get(stack) };
}

const wantedOf = (waits: { readonly [resource: string]: readonly string[] }) => {
  const compared = Object.keys(waits).filter((each) => each.startsWith('a/') && each.endsWith('?'));
  const found = findWantedInCircles(
    compared.map((each) => targetOf(each.slice(0, -1))),
    world(waits).sourceOf,
  );
  return Object.fromEntries([...found].map(([resource, attributes]) => [resource, [...attributes].sort()]));
};

describe('what is wanted in circles of waits', () => {
  test.each<[string, Parameters<typeof wantedOf>[0], ReturnType<typeof wantedOf>]>([
    ['through another stack', { 'a/p?': ['b/q.y'], 'b/q': ['a/p.x'] }, { p: ['x'] }],
    ['through one that is compared there', { 'a/p?': ['b/q.y'], 'b/q?': ['a/p.x'] }, { p: ['x'] }],
    [
      'of two that are in one circle',
      { 'a/p?': ['b/q.y'], 'b/q': ['a/r.z', 'a/p.x'], 'a/r?': ['a/p.w'] },
      { p: ['w', 'x'], r: ['z'] },
    ],
    ['only by those in the circle', { 'a/p?': ['b/q.y'], 'b/q': ['a/p.x'], 'a/r?': ['a/p.w'] }, { p: ['x'] }],
    ['that the end of it closes', { 'a/p?': ['b/q.y'], 'b/q': ['a/p'] }, { p: [] }],
    ['not where somebody is at work', { 'a/p?': ['b/q.y', 'b/w.y'], 'b/q': ['a/p.x'], 'b/w': [] }, {}],
    ['not where one may go on by itself', { 'a/p?': ['b/q.y'], 'b/q?': [] }, {}],
    ['not where a value is on its way', { 'a/p?': ['b/q.confirmed'], 'b/q?': ['a/p.x'] }, {}],
    ['not where somebody outside may write', { 'a/p?': ['b/q.y', 'c/o.y'], 'b/q': ['a/p.x'] }, {}],
    ['not of who waits for a circle', { 'a/p?': ['b/q.y'], 'b/q': ['b/s.y'], 'b/s': ['b/q.y'] }, {}],
    ['in one of two circles', { 'a/p?': ['b/q.y'], 'b/q': ['a/p.x'], 'a/r?': ['c/o.x'], 'c/o': [] }, { p: ['x'] }],
  ])('%s', (_, waits, wanted) => {
    expect(wantedOf(waits)).toEqual(wanted);
  });

  test('is found in one walk, however many are compared', () => {
    const readers = Array.from({ length: 50 }, (_, index) => `a/r${index}?`);
    const chain = Array.from({ length: 50 }, (_, index) => [`b/q${index}`, index === 49 ? [] : [`b/q${index + 1}.y`]]);
    const { asked, sourceOf } = world({
      ...Object.fromEntries(readers.map((reader) => [reader, ['b/q0.y']])),
      ...Object.fromEntries(chain),
    });
    const parties = readers.map((each) => targetOf(each.slice(0, -1)));
    expect([findWantedInCircles(parties, sourceOf).size, asked.length]).toEqual([0, 50]);
  });
});
