import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const RUN = fileURLToPath(new URL('run.mjs', import.meta.url));

// The short form of `npm run crash`: real engines, real processes, real files.
test('engines that are killed or paused at random instants lose nothing and leave nothing twice', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, '--kills', '6'], {
    // It ends what it has started, then.
    timeout: 110_000,
  });
  expect(stdout).toMatch(
    /\d+ kills and \d+ pauses \(\d+ claims lost\) in \d+ lives: nothing lost, nothing there twice\.\n$/,
  );
}, 120_000);
