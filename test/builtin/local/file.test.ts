import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { localTypes } from '../../../src/builtin/local/index.ts';
import { Engine } from '../../../src/engine.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
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

describe('in a stack', () => {
  let engine: Engine;
  beforeEach(() => {
    engine = new Engine({ types: localTypes() });
  });
  afterEach(() => engine.close());
  const templateOf = (properties: object, policy = 'Delete') => ({
    heat_template_version: '2021-04-16',
    resources: { f: { type: 'Local::File', properties: { path, ...properties }, deletion_policy: policy } },
    outputs: { sha256: { value: { get_attr: ['f', 'sha256'] } } },
  });
  const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

  test.each([
    { what: 'was changed', change: () => writeFileSync(path, 'other') },
    {
      what: 'was removed with its directory',
      change: () => rmSync(join(stack.directory, 'conf'), { recursive: true }),
    },
    { what: 'was replaced', change: () => renameSync(path, `${path}.old`) },
    { what: 'is as it was', change: () => {} },
  ])('a file that $what since a snapshot is restored, whatever it holds', async ({ change }) => {
    await engine.create({ stack: 's', template: templateOf({ content: 'made' }) });
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    writeFileSync(path, bytes);
    chmodSync(path, 0o600);
    await engine.snapshot({ stack: 's', name: 'first' });
    change();
    const { outputs } = await engine.restore({ stack: 's', snapshot: 'first' });
    expect(readFileSync(path)).toEqual(bytes);
    expect([statSync(path).mode & 0o777, outputs]).toEqual([0o600, { sha256: sha256(bytes) }]);
    await engine.delete({ stack: 's' });
    expect(existsSync(path)).toBe(false);
  });

  test('a restore brings it back to its path of then', async () => {
    await engine.create({ stack: 's', template: templateOf({ content: 'made' }) });
    writeFileSync(path, 'drifted');
    await engine.snapshot({ stack: 's', name: 'first' });
    await engine.update({ stack: 's', template: templateOf({ path: `${path}.new`, content: 'moved' }) });
    expect([existsSync(path), readFileSync(`${path}.new`, 'utf8')]).toEqual([false, 'moved']);
    await engine.restore({ stack: 's', snapshot: 'first' });
    expect([readFileSync(path, 'utf8'), existsSync(`${path}.new`)]).toEqual(['drifted', false]);
    await engine.delete({ stack: 's' });
    expect(existsSync(path)).toBe(false);
  });

  test('of a file that has gone no snapshot is taken, and the stack says so', async () => {
    await engine.create({ stack: 's', template: templateOf({ content: 'made' }) });
    unlinkSync(path);
    await expect(engine.snapshot({ stack: 's' })).rejects.toThrow(`The file '${path}' is not there any more.`);
    await engine.delete({ stack: 's' });
  });

  test('one whose content holds a hidden parameter drifts too, also for another engine, and stays untold', async () => {
    const store = new MemoryStore();
    const [first, second] = [0, 1].map(() => new Engine({ types: localTypes(), store })) as [Engine, Engine];
    const { resources } = templateOf({ content: { get_param: 'pin' } });
    const template = {
      heat_template_version: '2021-04-16',
      parameters: { pin: { type: 'string', hidden: true } },
      resources,
    };
    await first.create({ stack: 's', template, parameters: { pin: 'made-of-4711' } });
    const check = async () => {
      const { state, reason, drifts } = await second.check({ stack: 's' });
      return { state, reason, drifts };
    };
    expect((await check()).state).toBe('CHECK_COMPLETE');
    writeFileSync(path, 'drifted');
    expect(await check()).toEqual({
      state: 'CHECK_FAILED',
      reason: "Resource CHECK failed: Error: resources.f: 'content': expected '******', got '******'",
      drifts: { f: [{ name: 'content', kind: 'property', before: '******', after: '******' }] },
    });
    await second.delete({ stack: 's' });
    await first.close();
    await second.close();
  });

  test('one that is there already is taken by its path, and has to be there', async () => {
    const file = join(stack.directory, 'there');
    const template = {
      heat_template_version: '2021-04-16',
      resources: { f: { type: 'Local::File', external_id: file } },
      outputs: { path: { value: { get_resource: 'f' } } },
    };
    await expect(engine.create({ stack: 's', template })).rejects.toThrow(`There is no file '${file}'.`);
    await engine.delete({ stack: 's' });
    writeFileSync(file, 'mine');
    expect((await engine.create({ stack: 's', template })).outputs).toEqual({ path: file });
    expect((await engine.check({ stack: 's' })).state).toBe('CHECK_COMPLETE');
    await engine.delete({ stack: 's' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('by the deletion policy Snapshot a copy is left beside it', async () => {
    await engine.create({ stack: 's', template: templateOf({ content: 'made' }, 'Snapshot') });
    const reasons: string[] = [];
    engine.onEvent((event) => {
      if (event.type === 'resource' && event.status === 'COMPLETE') reasons.push(event.reason);
    });
    await engine.delete({ stack: 's' });
    const [copy, ...others] = readdirSync(join(stack.directory, 'conf', 'deep'));
    expect([copy, others]).toEqual([expect.stringMatching(/^app\.conf\.snapshot-[\da-f]{8}$/), []]);
    const kept = join(stack.directory, 'conf', 'deep', copy as string);
    expect([readFileSync(kept, 'utf8'), reasons]).toEqual(['made', [`Kept as {"path":"${kept}"}`]]);
  });
});
