import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn, isThing, secretOf, thingsIn } from './stack.mjs';
import { markedProcesses } from './world.mjs';

/**
 * What exists in the world, whatever any engine knows of it: the resources that made it, sorted, one entry per thing; of a file
 * with its content, of a process with whether it is stopped.
 */
export function worldOf(directory) {
  const [things, files] = [thingsIn(directory), filesIn(directory)];
  return [
    ...entriesOf(things)
      .map((token) => join(things, token))
      .filter(isThing)
      .map((file) => readFileSync(file, 'utf8')),
    ...entriesOf(files).map((name) => `${name}: ${readFileSync(join(files, name), 'utf8')}`),
    ...processesOf(directory),
  ].sort();
}

/** What a complete stack of that version has in the world. */
export function completeWorld({ version, isAsleep }) {
  const names = (prefix, count) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  return [
    ...names('thing', 18),
    ...names('group/', 2),
    ...names('peer', 6),
    ...names('file', 6).map((name, index) => {
      const content = index === 5 ? secretOf(version) : `${JSON.stringify(thingOf(index + 6, version), null, 2)}\n`;
      return `${name}: ${content}`;
    }),
    ...names('process', 4).map((name) => (isAsleep ? `${name} (stopped)` : name)),
  ].sort();
}

/** The outputs that do not say what they have to, whatever was killed on the way, with what they say. */
export function outputsThatAreWrong(outputs, version) {
  const expected = {
    version: thingOf(0, version),
    password: secretOf(version),
    test: `version ${version}`,
  };
  for (let index = 0; index < 6; index += 1) expected[`knows${index}`] = outputs[`address${index ^ 1}`];
  for (let index = 0; index < 4; index += 1) {
    expected[`told${index}`] = `script${index}\n`;
    expected[`met${index}`] = JSON.stringify(thingOf(index, version));
    expected[`value${index}`] = thingOf(index + 10, version);
  }
  const signals = { operator: 'go', script2: 'done', script3: 'done' };
  const received = Object.fromEntries(Object.entries(JSON.parse(outputs.signals ?? '{}')).sort());
  return [
    ...Object.entries(expected)
      .filter(([name, value]) => JSON.stringify(outputs[name]) !== JSON.stringify(value) || value === undefined)
      .map(([name]) => [name, outputs[name] ?? null]),
    ...(JSON.stringify(received) === JSON.stringify(signals) ? [] : [['signals', outputs.signals ?? null]]),
  ];
}

/**
 * The files of the store and the engines' output that hold one of the texts. Not read here: a process that closes a file of
 * SQLite's beside it loses the locks that it has on it (https://sqlite.org/howtocorrupt.html, 2.2).
 */
export function filesWith(directory, texts) {
  const files = readdirSync(directory).filter((name) => /^store\.db|\.log$/.test(name));
  const patterns = texts.flatMap((text) => ['-e', text]);
  const { stdout } = spawnSync('grep', ['-laF', ...patterns, '--', ...files], { cwd: directory, encoding: 'utf8' });
  return stdout.split('\n').filter((name) => name !== '');
}

/** The value that `thing<index>` publishes. */
function thingOf(index, version) {
  const of = index === 0 ? version : index < 5 ? index : thingOf(index - 5, version);
  return [`thing${index}`, of];
}

/** The resources whose processes run, one entry per group of processes. */
function processesOf(directory) {
  const found = new Map();
  for (const { pid, environment } of markedProcesses(directory)) {
    const name = environment.find((variable) => variable.startsWith('HOTLOOM_NAME='));
    if (name === undefined) continue;
    try {
      const [state, , group] = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      found.set(group, `${name.split('.').at(-1)}${state === 'T' ? ' (stopped)' : ''}`);
    } catch {
      // It has ended meanwhile.
    }
  }
  return [...found.values()];
}

function entriesOf(directory) {
  return existsSync(directory) ? readdirSync(directory) : [];
}
