import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const SCRIPTS: { readonly [name: string]: string } = {
  bench: 'bench/bench.mjs',
  simulate: 'simulation/run.mjs',
  crash: 'crash/run.mjs',
  fuzz: 'fuzz/run.mjs',
  conformance: 'conformance/run.mjs',
};

/** Runs a script as `npm run NAME -- ARGUMENTS` does. */
function run(name: string, line: string) {
  const file = fileURLToPath(new URL(SCRIPTS[name] as string, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...line.split(' ')], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('--help tells what a script takes', () => {
  expect(run('crash', '--help')).toEqual({
    status: 0,
    stderr: '',
    stdout: `Usage: npm run crash -- [options]

Kills and pauses engines at work on a stack of 50 resources, and counts what is
left in the world.

Options:
  --kills <n>  how many kills and pauses (default: 500)
  --seed <n>   of the first life (default: another one each time)
  -h, --help   print help

Exit code 1 when a life fails: it tells its seed, and where its world is kept.
`,
  });
});

test.each(Object.keys(SCRIPTS))('npm run %s -- --help does nothing but that', (name) => {
  const { status, stdout, stderr } = run(name, '-h');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(new RegExp(`^Usage: npm run ${name} -- \\[options\\]`));
});

describe('the help of the bench', () => {
  const { stdout } = run('bench', '--help');

  test.each(['language', 'graph', 'space', 'scheduler', 'store', 'journal', 'update'])(
    'lists each subject of the section %s',
    async (section) => {
      const part = new RegExp(`^ {2}${section} .*\n(( {13}.*\n)+)`, 'm').exec(stdout)?.[1] ?? '';
      const listed = part.split('\n').flatMap((line) => (line.startsWith(' '.repeat(15)) ? [line.trim()] : []));
      const { subjects } = await import(`./bench/${section}.mjs`);
      const names = listed.map((line) => line.replace(/ \([\d, ]+\)$/, '').replace(/, the peer$/, ''));
      expect(names).toEqual(Object.keys(subjects));
    },
  );
});

test.each([
  [
    'bench',
    'spaces',
    "command-argument value 'spaces' is invalid for argument 'sections'. Allowed choices are language, graph, space, scheduler, store, journal, update, endpoint, makespan.",
  ],
  ['bench', '--size 3', "unknown option '--size'\n(Did you mean --sizes?)"],
  [
    'bench',
    '--sizes 10,x',
    "option '--sizes <n,n...>' argument '10,x' is invalid. It has to be a whole number of at least 1.",
  ],
  ['bench', '--repeat 0', "option '--repeat <n>' argument '0' is invalid. It has to be a whole number of at least 1."],
  [
    'bench',
    '--json no/such/folder',
    "option '--json <file>' argument 'no/such/folder' is invalid. Nothing can be written to the folder no/such.",
  ],
  ['simulate', '5', 'too many arguments. Expected 0 arguments but got 1.'],
  ['simulate', '--runs x', "option '--runs <n>' argument 'x' is invalid. It has to be a whole number of at least 1."],
  ['crash', '--kills 0', "option '--kills <n>' argument '0' is invalid. It has to be a whole number of at least 1."],
  ['fuzz', '--seed 1.5', "option '--seed <n>' argument '1.5' is invalid. It has to be a whole number of at least 0."],
  [
    'conformance',
    'no.json',
    "command-argument value 'no.json' is invalid for argument 'files'. There is no such file.",
  ],
])('npm run %s -- %s is refused with 2', (name, line, error) => {
  expect(run(name, line)).toEqual({ status: 2, stdout: '', stderr: `error: ${error}\n` });
});
