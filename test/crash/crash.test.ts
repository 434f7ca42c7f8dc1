import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmdirSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { planLife } from './plan-life.mjs';
import { processesMarkedBy } from './world.mjs';

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

test.each([
  { signal: 'SIGINT', code: 130 },
  { signal: 'SIGTERM', code: 143 },
] as const)(
  'a run that is ended by $signal leaves no process and no file',
  async ({ signal, code }) => {
    const directory = mkdtempSync(join(tmpdir(), 'hotloom-'));
    const isAtWork = new Promise<void>((resolve) => {
      const watcher = watch(directory, { recursive: true }, (_, file) => {
        if (file?.endsWith('engine-1.log') !== true) return;
        watcher.close();
        resolve();
      });
    });
    const run = spawn(process.execPath, [RUN], { env: { ...process.env, TMPDIR: directory }, stdio: 'ignore' });
    const exit = once(run, 'exit');
    await isAtWork;
    run.kill(signal);
    expect(await exit).toEqual([code, null]);
    expect(readdirSync(directory)).toEqual([]);
    expect(processesMarkedBy((world: string) => world.startsWith(directory))).toEqual([]);
    rmdirSync(directory);
  },
  60_000,
);

test('a seed makes the same decisions each time, and all actions are among those of some seeds', () => {
  expect(planLife(7)).toEqual(planLife(7));
  const actions = new Set(
    Array.from({ length: 100 }, (_, seed) => planLife(seed)).flatMap((steps) => steps.map(({ action }) => action)),
  );
  expect([...actions].sort()).toEqual(
    'cancel check create delete fail failUpdate restore snapshot stop supersede suspend update wake'.split(' '),
  );
});
