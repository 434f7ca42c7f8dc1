import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as errors from '../src/errors.ts';

test('the README lists the code of every error class, and no other', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const table = readme.slice(readme.indexOf('### Errors'), readme.indexOf('### Testing'));
  const listed = [...table.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
  const classes = Object.entries(errors)
    .filter(([, value]) => typeof value === 'function' && value.prototype instanceof errors.HotloomError)
    .map(([name]) => name);
  expect(listed.sort()).toEqual(classes.sort());
});
