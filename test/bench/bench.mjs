// npm run bench -- [SECTION ...] [--sizes 1000,10000] [--repeat 5] [--json FILE]
// Each figure is the median over repetitions; each repetition is a process of its own, and subject and peer take turns,
// so that a machine that slows down slows both. What takes less than a microsecond is measured warm: all of it in one
// process, in turns of some milliseconds. Ratios are to the section's peer in the same run. At the end the bars.
import { execFileSync } from 'node:child_process';
import { writeFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { barsOf } from './bars.mjs';
import { memory } from './timed.mjs';

const SECTIONS = ['language', 'graph', 'space', 'scheduler', 'store', 'journal', 'update', 'endpoint', 'makespan'];

/** From this size on one repetition says enough, and takes long enough; so it does for a subject that takes so long. */
const ONCE_FROM = 1_000_000;
const ONCE_FROM_MS = 10_000;

/** How many turns what is measured warm takes in one process, and as many before: for so much work, within these bounds. */
const WARM_TURNS = { work: 100_000, least: 3, most: 30 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: 'string' },
    repeat: { type: 'string', default: '5' },
    json: { type: 'string' },
    one: { type: 'string' },
    warm: { type: 'string' },
    size: { type: 'string' },
  },
});

const unknown = positionals.filter((section) => !SECTIONS.includes(section));
if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(', ')}. The sections are ${SECTIONS.join(', ')}.`);
  process.exit(2);
}
if (values.one !== undefined) await runOne(positionals[0], values.one, Number(values.size));
else if (values.warm !== undefined) await runWarm(positionals[0], JSON.parse(values.warm), Number(values.size));
else await runSections(positionals.length === 0 ? SECTIONS : positionals);

/** In the child: warms up with 1,000 three times, then measures once. */
async function runOne(section, subject, size) {
  const { subjects, cold } = await import(`./${section}.mjs`);
  for (let k = 0; k < 3 && cold?.has(subject) !== true; k += 1) await subjects[subject](1000);
  memory.isMeasured = true;
  tell({ [subject]: await subjects[subject](size) });
}

/** In the child: lets the subjects take turns, and tells the medians of those turns in which they were warm. */
async function runWarm(section, names, size) {
  const { subjects } = await import(`./${section}.mjs`);
  const turns = Math.min(WARM_TURNS.most, Math.max(WARM_TURNS.least, Math.ceil(WARM_TURNS.work / size)));
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let turn = -turns; turn < turns; turn += 1) {
    for (const name of names) {
      const figures = await subjects[name](size);
      if (turn >= 0) samples[name].push(figures);
    }
  }
  tell(Object.fromEntries(names.map((name) => [name, mediansOf(samples[name], ['ms', 'bytes'])])));
}

function tell(figures) {
  const rss = process.resourceUsage().maxRSS * 1024;
  const told = Object.entries(figures).map(([subject, each]) => [subject, { ...each, rss }]);
  writeSync(1, `${JSON.stringify(Object.fromEntries(told))}\n`);
  // What a subject still has at work, to be warm, must not hold the process.
  process.exit();
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
  const areAll = SECTIONS.every((section) => sections.includes(section));
  const bars = barsOf(rows).filter(({ value }) => areAll || value !== undefined);
  printBars(bars);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ node: process.version, rows, bars }, null, 2)}\n`);
  }
}

async function runSection(section) {
  const {
    subjects,
    peer,
    sizes = [1000, 10_000, 100_000, 1_000_000],
    sizesOf = {},
    warm = [],
  } = await import(`./${section}.mjs`);
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
  for (const size of values.sizes?.split(',').map(Number) ?? sizes) {
    const names = Object.keys(subjects).filter((subject) => sizesOf[subject]?.includes(size) ?? true);
    const together = names.filter((subject) => warm.includes(subject));
    const runs = [
      ...(together.length === 0 ? [] : [{ subjects: together, option: '--warm' }]),
      ...names
        .filter((subject) => !together.includes(subject))
        .map((subject) => ({ subjects: [subject], option: '--one' })),
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
  const rounds = size >= ONCE_FROM ? 1 : Number(values.repeat);
  for (let round = 0; round < rounds; round += 1) {
    for (const { subjects, option } of runs) {
      if (failed[subjects[0]] !== undefined || samples[subjects[0]][0]?.ms > ONCE_FROM_MS) continue;
      try {
        const told = runChild(section, option, subjects, size);
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

function mediansOf(samples, figures) {
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  return Object.fromEntries(figures.map((figure) => [figure, median(samples.map((sample) => sample[figure]))]));
}

function runChild(section, option, subjects, size) {
  const args = ['--expose-gc', '--max-old-space-size=8000', fileURLToPath(import.meta.url), section];
  const text = execFileSync(
    process.execPath,
    [...args, option, option === '--warm' ? JSON.stringify(subjects) : subjects[0], '--size', String(size)],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 300_000,
    },
  );
  return JSON.parse(text);
}

/** Of a child that has thrown the line with the error. */
function reasonOf(error) {
  if (error.code === 'ETIMEDOUT') return 'not finished within 300 s';
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
