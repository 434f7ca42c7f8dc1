// npm run conformance -- [FILE ...] [--case ID] [--quiet]
// Compares the engine with recorded answers of Heat. Without files: the project's own, and those in the folder that the
// variable HOTLOOM_VECTORS names.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from 'commander';
import { scriptCommand } from '../script-command.mjs';
import { judge } from './judge.mjs';

const OWN = [
  'functions',
  'versions',
  'parameters',
  'structure',
  'conditions',
  'environment',
  'composition',
  'dependencies',
];
const OUTSIDE = ['upstream', 'real_templates'];

const command = scriptCommand('conformance', "Compares the engine's answers with recorded ones of Heat.")
  .argument(
    '[files...]',
    "files of recorded answers (default: the project's own, and those in $HOTLOOM_VECTORS)",
    addFile,
  )
  .option('--case <id>', 'only this one')
  .option('--quiet', 'print the table alone, and no differences')
  .addHelpText('after', '\nExit code 1 when an answer differs.')
  .parse();
const values = command.opts();
const [positionals = []] = command.processedArgs;
const here = fileURLToPath(new URL('.', import.meta.url));
const exceptions = JSON.parse(readFileSync(join(here, 'exceptions.json'), 'utf8'));
const skipped = [];
const files =
  positionals.length > 0 ? positionals : [...OWN.map((area) => join(here, 'vectors', `${area}.json`)), ...outside()];

const rows = [];
for (const file of files) rows.push(await runFile(file));
printTable(rows);
for (const area of skipped) console.log(`skipped: ${area} (set HOTLOOM_VECTORS to the folder that holds ${area}.json)`);
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') > 0 ? 1 : 0;

function addFile(file, before = []) {
  if (!existsSync(file)) throw new InvalidArgumentError('There is no such file.');
  return [...before, file];
}

function outside() {
  const folder = process.env.HOTLOOM_VECTORS;
  return OUTSIDE.flatMap((area) => {
    const file = folder === undefined ? undefined : join(folder, `${area}.json`);
    if (file !== undefined && existsSync(file)) return [file];
    skipped.push(area);
    return [];
  });
}

async function runFile(file) {
  const area = basename(file, '.json');
  const row = { area, passed: 0, failed: 0, excepted: 0 };
  for (const vector of JSON.parse(readFileSync(file, 'utf8'))) {
    if (values.case !== undefined && vector.id !== values.case) continue;
    if (Object.hasOwn(exceptions, vector.id)) {
      row.excepted += 1;
      continue;
    }
    const differences = await judge(vector, { unknownTypes: area === 'real_templates' ? 'allow' : 'refuse' });
    if (differences.length === 0) row.passed += 1;
    else {
      row.failed += 1;
      if (!values.quiet) printDifferences(area, vector, differences);
    }
  }
  return row;
}

function printDifferences(area, vector, differences) {
  console.log(`FAILED ${area} ${vector.id}`);
  for (const { what, expected, actual } of differences) {
    console.log(`  ${what}\n    expected ${print(expected)}\n    actual   ${print(actual)}`);
  }
}

function print(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === undefined ? 'nothing' : text.replaceAll('\n', '\n             ');
}

function printTable(rows) {
  console.log(`\n${'area'.padEnd(20)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'excepted'.padStart(10)}`);
  for (const { area, passed, failed, excepted } of rows) {
    console.log(
      `${area.padEnd(20)}${String(passed).padStart(8)}${String(failed).padStart(8)}${String(excepted).padStart(10)}`,
    );
  }
}
