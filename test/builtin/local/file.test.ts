import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LocalStack, type Run } from './local-stack.ts';

let stack: LocalStack;
let path: string;

beforeEach(async () => {
  stack = await LocalStack.create();
  path = join(stack.directory, 'conf', 'deep', 'app.conf');
});
afterEach(async () => {
  expect(await stack.close()).toEqual([]);
});

const start = (properties: object): Run => stack.start('Local::File', 'f', { path, ...properties } as never);

async function made(properties: object): Promise<Run> {
  const run = start(properties);
  await run.done;
  return run;
}

test.each([
  { content: 'ä\n', text: 'ä\n' },
  { content: '', text: '' },
  { content: { a: [1] }, text: '{\n  "a": [\n    1\n  ]\n}\n' },
  { content: 5, text: '5\n' },
  { content: false, text: 'false\n' },
])('$content is written as $text', async ({ content, text }) => {
  const run = await made({ content });
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(Object.fromEntries(run.attributes)).toEqual({
    path,
    size: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
    refid: path,
  });
});

test.each([
  { mode: undefined, bits: 0o644 },
  { mode: '0600', bits: 0o600 },
  { mode: '755', bits: 0o755 },
])('mode $mode', async ({ mode, bits }) => {
  await made({ content: '', ...(mode === undefined ? {} : { mode }) });
  expect(statSync(path).mode & 0o777).toBe(bits);
});

test('nothing but the file is left in its directory', async () => {
  await made({ content: 'x' });
  expect(readdirSync(join(stack.directory, 'conf', 'deep'))).toEqual(['app.conf']);
});

describe('a file that is there already', () => {
  beforeEach(() => {
    mkdirSync(join(stack.directory, 'conf', 'deep'), { recursive: true });
    writeFileSync(path, 'theirs');
  });

  test('is refused, and survives delete', async () => {
    const run = start({ content: 'ours' });
    await expect(run.done).rejects.toMatchObject({
      code: 'FileFailed',
      what: `The file '${path}' is there already.`,
      fix: "Give another 'path', remove the file, or set 'overwrite: true'.",
    });
    await stack.delete(run);
    expect(readFileSync(path, 'utf8')).toBe('theirs');
    expect(readdirSync(join(stack.directory, 'conf', 'deep'))).toEqual(['app.conf']);
  });

  test('is replaced when overwrite is set', async () => {
    const run = await made({ content: 'ours', overwrite: true });
    expect(readFileSync(path, 'utf8')).toBe('ours');
    await stack.delete(run);
    expect(existsSync(path)).toBe(false);
    // The directory was there before.
    expect(existsSync(join(stack.directory, 'conf', 'deep'))).toBe(true);
  });

  test('is not taken for the own one when the attempt was interrupted before it was replaced', async () => {
    const run = await made({ content: 'ours', overwrite: true });
    writeFileSync(join(stack.directory, 'other'), 'theirs');
    renameSync(join(stack.directory, 'other'), path);
    await stack.delete(run, { resourceId: undefined });
    expect(readFileSync(path, 'utf8')).toBe('theirs');
  });
});

describe('delete', () => {
  test('removes the file and the directories that were made for it', async () => {
    const run = await made({ content: 'x' });
    await stack.delete(run);
    await stack.delete(run);
    expect(existsSync(join(stack.directory, 'conf'))).toBe(false);
  });

  test('leaves a directory in which something else is', async () => {
    const run = await made({ content: 'x' });
    writeFileSync(join(stack.directory, 'conf', 'other'), '');
    await stack.delete(run);
    expect(readdirSync(join(stack.directory, 'conf'))).toEqual(['other']);
  });

  test.each([
    { what: 'was edited', change: () => writeFileSync(path, 'edited') },
    {
      what: 'was replaced',
      change: () => {
        writeFileSync(`${path}~`, 'edited');
        renameSync(`${path}~`, path);
      },
    },
  ])('removes a file that $what', async ({ change }) => {
    const run = await made({ content: 'x' });
    change();
    await stack.delete(run);
    expect(existsSync(path)).toBe(false);
  });

  test('removes what an attempt made that was interrupted before it told its id', async () => {
    const run = await made({ content: 'x' });
    await stack.delete(run, { resourceId: undefined });
    expect(existsSync(join(stack.directory, 'conf'))).toBe(false);
  });

  test('that comes late leaves a file that was made after it had begun: another engine has done the delete and more', async () => {
    const run = await made({ content: 'old' });
    const begunMs = Date.now();
    const deleted = stack.delete(run);
    // In one turn of the event loop, as if the engine were paused in it.
    while (Date.now() < begunMs + 20);
    unlinkSync(path);
    writeFileSync(path, 'new');
    await deleted;
    expect([readFileSync(path, 'utf8'), readdirSync(join(stack.directory, 'conf', 'deep'))]).toEqual([
      'new',
      ['app.conf'],
    ]);
  });

  test('does not follow a symbolic link', async () => {
    const run = await made({ content: 'x' });
    writeFileSync(join(stack.directory, 'target'), 'theirs');
    symlinkSync(join(stack.directory, 'target'), `${path}~`);
    renameSync(`${path}~`, path);
    await stack.delete(run);
    expect(readFileSync(join(stack.directory, 'target'), 'utf8')).toBe('theirs');
  });
});

test.each([
  { what: "'/tmp' is a directory.", path: '/tmp' },
  { what: "The file '/etc/passwd/x' cannot be written.", path: '/etc/passwd/x' },
  { what: "The file '/proc/nowhere' cannot be written.", path: '/proc/nowhere' },
])('$what', async ({ path: wrong, what }) => {
  await expect(start({ path: wrong, content: '' }).done).rejects.toMatchObject({ code: 'FileFailed', what });
});

test('a directory that may not be changed is told (unless this user may do everything)', async () => {
  if (process.getuid?.() === 0) return;
  mkdirSync(join(stack.directory, 'closed'));
  chmodSync(join(stack.directory, 'closed'), 0o500);
  const run = start({ path: join(stack.directory, 'closed', 'x'), content: '' });
  await expect(run.done).rejects.toMatchObject({ code: 'FileFailed' });
});
