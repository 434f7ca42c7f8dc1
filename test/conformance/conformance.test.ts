import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const run = fileURLToPath(new URL('run.mjs', import.meta.url));

test('every template answers as under Heat', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [run], { encoding: 'utf8', maxBuffer: 100_000_000 });
  expect({ status, stderr, failures: stdout.match(/^FAILED .*/gm) ?? [] }).toEqual({
    status: 0,
    stderr: '',
    failures: [],
  });
  expect(stdout).toMatch(/^[1-9]\d* passed, 0 failed$/m);
});

test('a difference is told with what was expected, and makes the run fail', () => {
  const file = fileURLToPath(new URL('wrong.json', import.meta.url));
  const { stdout, status } = spawnSync(process.execPath, [run, file], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stdout).toContain('FAILED wrong wrong-output\n  outputs\n    expected {"o":2}\n    actual   {"o":1}');
  expect(stdout).toContain('1 passed, 1 failed');
});
