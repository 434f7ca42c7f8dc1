import { describe, expect, test } from '@jest/globals';
import type { WalkOrder } from '../../src/graph/recorded-graph.ts';
import { walkResources } from '../../src/scheduler/resource-walk.ts';
import { Slots } from '../../src/scheduler/slots.ts';
import type { ResourceRecord } from '../../src/store/stack-store.ts';

/** `b>a`: b required a. `!b`: its visit fails. */
async function walk(text: string, order: WalkOrder, failing: readonly string[] = [], stopAt?: string) {
  const requires = new Map<string, string[]>();
  for (const [name = '', ...others] of text.split(' ').map((each) => each.split('>'))) {
    requires.set(name, [...(requires.get(name) ?? []), ...others]);
  }
  const records = [...requires].map(([name, required]) => ({ name, requires: required }) as unknown as ResourceRecord);
  const visited: string[] = [];
  const stop = new AbortController();
  const left = await walkResources({
    records,
    order,
    slots: new Slots(1),
    signal: stop.signal,
    visit: async ({ name }) => {
      visited.push(name);
      if (name === stopAt) stop.abort();
      if (failing.includes(name)) throw new Error(name);
    },
    didFail: ({ name }) => void visited.push(`!${name}`),
  });
  return `${visited.join(' ')} | ${left.map(({ name }) => name).join(' ')}`;
}

describe('a walk over resources that are there', () => {
  test.each([
    { text: 'a b>a c>b', order: 'along', visited: 'a b c | ' },
    { text: 'a b>a c>b', order: 'against', visited: 'c b a | ' },
    { text: 'c>b b>a a', order: 'any', visited: 'c b a | ' },
    { text: 'c>b b>a a', order: 'along', visited: 'a b c | ' },
    { text: 'd a>b b>a c>a', order: 'along', visited: 'd a b c | ' },
    { text: 'd a>b b>a c>a', order: 'against', visited: 'd c b a | ' },
    { text: 'a b>gone', order: 'along', visited: 'a b | ' },
    { text: 'a b>a c>b d', order: 'along', failing: ['a'], visited: 'a !a d | b c' },
    { text: 'a b>a c>b d', order: 'against', failing: ['b'], visited: 'c d b !b | a' },
    { text: 'a b>a c>b d', order: 'any', failing: ['b'], visited: 'a b !b c d | ' },
    { text: 'a b>a c>b d', order: 'along', stopAt: 'a', visited: 'a | d b c' },
  ] as const)('of $text goes $order: $visited', async ({ text, order, visited, ...rest }) => {
    const { failing = [], stopAt } = rest as { failing?: readonly string[]; stopAt?: string };
    expect(await walk(text, order, failing, stopAt)).toBe(visited);
  });
});
