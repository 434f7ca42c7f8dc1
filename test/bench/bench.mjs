// npm run bench -- [SECTION ...] [--sizes 1000,10000] [--repeat 5] [--json FILE]; --help tells all of it.
// Each figure is the median over repetitions; each repetition is a process of its own, and subject and peer take turns,
// so that a machine that slows down slows both. What takes less than a microsecond is measured warm: all of it in one
// process, in turns of some milliseconds. Ratios are to the section's peer in the same run. At the end the bars.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Argument, InvalidArgumentError } from 'commander';
import { scriptCommand, wholeNumber } from '../script-command.mjs';
import { barsOf } from './bars.mjs';
import { mediansOf } from './medians.mjs';

/** The sections in order, with what each measures. */
const SECTIONS = {
  language: 'the text of a template to its graph',
  graph: 'the search for static deadlocks',
  space: 'writes that wake a blocked reader; the search for run-time deadlocks',
  scheduler: 'creating stacks of no-op resources, also by other schedulers and Terraform',
  store: 'creating a stack with SQLite, with secrets and encryption',
  journal: 'storing one change of a stack',
  update: 'an update in which nothing changes, and its preview',
  endpoint: 'what a script waits for a `hotloom read`; at no size, 30 runs',
  makespan: 'simulated time by attribute and by whole resource; exact, at no size; draws the chart',
};
/** They have no subjects that are measured at sizes. */
const APART = new Set(['endpoint', 'makespan']);
const SIZES = [1000, 10_000, 100_000, 1_000_000];

/** From this size on one repetition says enough, and takes long enough; so it does for a subject that takes so long. */
const ONCE_FROM = 1_000_000;
const ONCE_FROM_MS = 10_000;
const TIMEOUT_MS = 300_000;

const command = scriptCommand(
  'bench',
  'Measures the engine and what it is compared with, in the same run, and tells the bars.',
)
  .addArgument(new Argument('[sections...]', 'what to measure (default: all)').choices(Object.keys(SECTIONS)))
  .option('--sizes <n,n...>', 'at these sizes instead of those of each section', sizeList)
  .option('--repeat <n>', 'the median of so many samples', wholeNumber(1), 5)
  .option('--json <file>', 'write all figures and bars to a file, too', writableFile);
// The sections are loaded for the help alone: what is measured must not find them there already.
if (['--help', '-h'].some((option) => process.argv.includes(option)))
  command.addHelpText('after', await tellSections());
command.parse();
const values = command.opts();
await runSections(command.args.length === 0 ? Object.keys(SECTIONS) : command.args);

function sizeList(text) {
  return text.split(',').map(wholeNumber(1));
}

/** Found out before hours of measuring, and not after them. */
function writableFile(file) {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new InvalidArgumentError(`Nothing can be written to the folder ${dirname(file)}.`);
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new InvalidArgumentError('It is a folder.');
  return file;
}

async function tellSections() {
  const lines = ['', 'Sections, with their subjects and the sizes where they have others:'];
  for (const [section, what] of Object.entries(SECTIONS)) {
    if (APART.has(section)) {
      lines.push(`  ${section.padEnd(11)}${what}`);
      continue;
    }
    const { subjects, sizes, sizesOf = {}, peer } = await load(section);
    lines.push(`  ${section.padEnd(11)}${what};`, `             at ${sizes.map(printCount).join(', ')}:`);
    for (const subject of Object.keys(subjects)) {
      const own = sizesOf[subject] === undefined ? '' : ` (${sizesOf[subject].map(printCount).join(', ')})`;
      lines.push(`               ${subject}${subject === peer ? ', the peer' : ''}${own}`);
    }
  }
  lines.push(
    '',
    'A subject that has sizes of its own is left out at others. From 1,000,000 on, and',
    `when the first takes over ${ONCE_FROM_MS / 1000} s, there is one sample; one that is not there after`,
    `${TIMEOUT_MS / 1000} s is given up. \`npm ci --prefix test/bench/peers\` installs effect, p-graph and`,
    'async.auto; Terraform is measured where it is in the PATH, by itself.',
  );
  return lines.join('\n');
}

async function load(section) {
  return { sizes: SIZES, sizesOf: {}, warm: [], ...(await import(`./${section}.mjs`)) };
}

function printCount(count) {
  return count.toLocaleString('en');
}

async function runSections(sections) {
  const rows = [];
  for (const section of sections) {
    if (section === 'endpoint') {
      console.log('\nendpoint  (median; what a shell script waits for)');
      const file = fileURLToPath(new URL('endpoint-read.mjs', import.meta.url));
      execFileSync(process.execPath, [file], { stdio: 'inherit' });
    } else if (section === 'makespan') {
      const { run } = await import('./makespan/makespan.mjs');
      rows.push(...(await run()));
    } else rows.push(...(await runSection(section)));
  }
  const areAll = Object.keys(SECTIONS).every((section) => sections.includes(section));
  const bars = barsOf(rows).filter(({ value }) => areAll || value !== undefined);
  printBars(bars);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ node: process.version, rows, bars }, null, 2)}\n`);
  }
}

async function runSection(section) {
  const { subjects, peer, sizes, sizesOf, warm } = await load(section);
  console.log(`\n${section}  (median of ${values.repeat}; x = ratio to ${peer})`);
  const header = [
    'n'.padStart(9),
    'us each'.padStart(12),
    'x'.padStart(9),
    'B kept'.padStart(9),
    'peak MB'.padStart(9),
  ];
  console.log(`${'subject'.padEnd(28)}${header.join('')}`);
  const rows = [];
  for (const size of values.sizes ?? sizes) {
    const names = Object.keys(subjects).filter((subject) => sizesOf[subject]?.includes(size) ?? true);
    const together = names.filter((subject) => warm.includes(subject));
    const runs = [
      ...(together.length === 0 ? [] : [{ subjects: together, how: 'warm' }]),
      ...names.filter((subject) => !together.includes(subject)).map((subject) => ({ subjects: [subject], how: 'one' })),
    ];
    const figures = measure(section, names, runs, size);
    for (const [subject, figure] of Object.entries(figures)) {
      if (figure.reason !== undefined) {
        console.log(`${subject.padEnd(28)}${String(size).padStart(9)}  ${figure.reason}`);
        continue;
      }
      // Where the peer is not measured, there is none.
      const ratio = figures[peer]?.ms === undefined ? undefined : figure.ms / figures[peer].ms;
      const row = {
        section,
        subject,
        size,
        us: (figure.ms * 1000) / size,
        ratio,
        bytes: figure.bytes / size,
        rss: figure.rss,
      };
      rows.push(row);
      const cells = [
        String(size).padStart(9),
        row.us.toFixed(2).padStart(12),
        (ratio?.toFixed(2) ?? '').padStart(9),
        Math.round(row.bytes).toString().padStart(9),
        Math.round(row.rss / 2 ** 20)
          .toString()
          .padStart(9),
      ];
      console.log(`${subject.padEnd(28)}${cells.join('')}`);
    }
  }
  return rows;
}

/** By subject the medians over what each of `runs`, a process of its own, tells; or the reason why there are none. */
function measure(section, names, runs, size) {
  const samples = Object.fromEntries(names.map((subject) => [subject, []]));
  const failed = {};
  const rounds = size >= ONCE_FROM ? 1 : values.repeat;
  for (let round = 0; round < rounds; round += 1) {
    for (const { subjects, how } of runs) {
      if (failed[subjects[0]] !== undefined || samples[subjects[0]][0]?.ms > ONCE_FROM_MS) continue;
      try {
        const told = runChild(section, how, subjects, size);
        for (const subject of subjects) samples[subject].push(told[subject]);
      } catch (error) {
        for (const subject of subjects) failed[subject] = reasonOf(error);
      }
    }
  }
  return Object.fromEntries(
    names.map((subject) =>
      failed[subject] === undefined
        ? [subject, mediansOf(samples[subject], ['ms', 'bytes', 'rss'])]
        : [subject, { reason: failed[subject] }],
    ),
  );
}

function runChild(section, how, subjects, size) {
  const file = fileURLToPath(new URL('measure.mjs', import.meta.url));
  const text = execFileSync(
    process.execPath,
    ['--expose-gc', '--max-old-space-size=8000', file, how, section, JSON.stringify(subjects), String(size)],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    },
  );
  return JSON.parse(text);
}

/** Of a child that has thrown the line with the error. */
function reasonOf(error) {
  if (error.code === 'ETIMEDOUT') return `not finished within ${TIMEOUT_MS / 1000} s`;
  return /\w*Error: (.*)/.exec(String(error.stderr))?.[1] ?? error.message;
}

function printBars(bars) {
  if (bars.length === 0) return;
  console.log('\nbars');
  for (const { name, bar, value, isMet } of bars) {
    if (value === undefined) {
      console.log(`${name.padEnd(64)}${'not measured'.padStart(12)}  at most ${printBar(bar)}`);
      continue;
    }
    const shown = value < 0.1 ? value.toExponential(1) : value.toFixed(value < 100 ? 2 : 0);
    console.log(`${name.padEnd(64)}${shown.padStart(12)}  at most ${printBar(bar)}  ${isMet ? 'met' : 'NOT MET'}`);
  }
}

function printBar(bar) {
  return bar < 0.1 ? bar.toExponential(1) : bar;
}
