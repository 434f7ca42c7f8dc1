import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { collectFiles } from '../../src/cli/template-files.ts';
import { parseTemplate } from '../../src/template/template.ts';
import { ioDouble } from './io-double.ts';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hotloom-files-'));
  mkdirSync(join(root, 'app', 'sub'), { recursive: true });
  writeFileSync(join(root, 'secret'), 'secret');
  writeFileSync(join(root, 'app', 'run.sh'), '#!/bin/sh\n');
  writeFileSync(join(root, 'app', 'sub', 'conf'), 'key: value\n');
  symlinkSync(join(root, 'secret'), join(root, 'app', 'link'));
});

afterAll(() => rmSync(root, { recursive: true }));

/** The files of a template that names these, in the directory `app`. */
async function collect(names: readonly string[], allowOutside = false): Promise<Record<string, string>> {
  const resources = Object.fromEntries(
    names.map((name, index) => [`r${index}`, { type: 'T', properties: { list: [{ get_file: name }] } }]),
  );
  const template = parseTemplate({ heat_template_version: '2018-08-31', resources });
  const files = await collectFiles(ioDouble({ cwd: root }), template, { file: 'app/app.yaml', allowOutside });
  return Object.fromEntries(files);
}

describe('collectFiles', () => {
  test('names are relative to the directory of the template, and kept as the template gives them', async () => {
    expect(await collect(['run.sh', './sub/conf', 'run.sh'])).toEqual({
      'run.sh': '#!/bin/sh\n',
      './sub/conf': 'key: value\n',
    });
  });

  test('a key get_file beside others, or with something else than a name, is no call', async () => {
    const template = parseTemplate({
      heat_template_version: '2018-08-31',
      resources: { r: { type: 'T', properties: { map: { get_file: 'x', other: 1 } } } },
    });
    expect((await collectFiles(ioDouble({ cwd: root }), template, { file: 'app/a', allowOutside: false })).size).toBe(
      0,
    );
  });

  test.each([
    { name: '../secret', problem: 'lies outside of the template' },
    { name: 'sub/../../secret', problem: 'lies outside of the template' },
    { name: '/etc/hostname', problem: 'lies outside of the template' },
    { name: 'file:///etc/hostname', problem: 'lies outside of the template' },
    { name: 'link', problem: 'lies outside of the template' }, // a symbolic link to ../secret
    { name: 'http://example.org/x', problem: 'is not fetched' },
    { name: 'https://example.org/x', problem: 'is not fetched' },
    { name: 'run.s', problem: "Did you mean 'run.sh'?" },
    { name: 'sub', problem: 'It is a directory.' },
  ])('$name is refused: $problem', async ({ name, problem }) => {
    await expect(collect([name])).rejects.toMatchObject({
      code: 'TemplateInvalid',
      message: expect.stringContaining(problem),
    });
  });

  test('every problem is told, each with its place', async () => {
    const failure = collect(['../secret', 'none']);
    await expect(failure).rejects.toMatchObject({
      problems: [
        { where: { path: ['resources', 'r0', 'properties', 'list', 0, 'get_file'] } },
        { where: { path: ['resources', 'r1', 'properties', 'list', 0, 'get_file'] } },
      ],
    });
  });

  test('files outside are read where the user allows it', async () => {
    expect(await collect(['../secret', 'link'], true)).toEqual({ '../secret': 'secret', link: 'secret' });
  });
});
