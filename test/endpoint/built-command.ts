import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

const ENDPOINT_SOURCES = fileURLToPath(new URL('../../src/endpoint/', import.meta.url));

/** The in-script command, built alone: tests run on the sources, and a script needs a file that node can run. */
export interface BuiltCommand {
  readonly commandFile: string;
  remove(): Promise<void>;
}

/** In place of the whole command line stands a program that prints its arguments. */
export async function buildCommand(): Promise<BuiltCommand> {
  const root = await mkdtemp(join(tmpdir(), 'hotloom-command-'));
  await mkdir(join(root, 'endpoint'));
  await mkdir(join(root, 'cli'));
  await writeFile(join(root, 'package.json'), '{ "type": "module" }');
  await writeFile(join(root, 'cli', 'main.js'), "console.log('whole command line:', ...process.argv.slice(2));");
  for (const name of ['command', 'client', 'in-script']) {
    const { code } = await transformFile(join(ENDPOINT_SOURCES, `${name}.ts`), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'es6' },
      swcrc: false,
    });
    await writeFile(join(root, 'endpoint', `${name}.js`), code.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
  }
  return {
    commandFile: join(root, 'endpoint', 'command.js'),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
