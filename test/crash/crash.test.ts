import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const RUN = fileURLToPath(new URL('run.mjs', import.meta.url));

// The short form of `npm run crash`: real engines, real processes, real files.
test('engines that are killed at random instants lose nothing and leave nothing twice', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, '--kills', '10']);
  expect(stdout).toMatch(/kills in \d+ lives: nothing lost, nothing there twice\.\n$/);
}, 120_000);
