// npm run bench -- [SECTION ...] [--sizes 1000,10000] [--repeat 5] [--json FILE]
// Each figure is the median over repetitions; each repetition is a process of its own, and subject and peer take turns,
// so that a machine that slows down slows both. Ratios are to the section's peer in the same run.
import { execFileSync } from 'node:child_process';
import { writeFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memory } from './timed.mjs';

const SECTIONS = ['language', 'scheduler', 'endpoint', 'makespan'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: 'string', default: '1000,10000' },
    repeat: { type: 'string', default: '5' },
    json: { type: 'string' },
    one: { type: 'string' },
    size: { type: 'string' },
  },
});

const unknown = positionals.filter((section) => !SECTIONS.includes(section));
if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(', ')}. The sections are ${SECTIONS.join(', ')}.`);
  process.exit(2);
}
if (values.one === undefined) await runSections(positionals.length === 0 ? SECTIONS : positionals);
else await runOne(positionals[0], values.one, Number(values.size));

/** In the child: warms up with 1,000 three times, then measures once. */
async function runOne(section, subject, size) {
  const { subjects } = await import(`./${section}.mjs`);
  for (let k = 0; k < 3; k += 1) await subjects[subject](1000);
  memory.isMeasured = true;
  writeSync(1, `${JSON.stringify(await subjects[subject](size))}\n`);
  // What the subject still has at work, to be warm, must not hold the process.
  process.exit();
}

async function runSections(sections) {
  const rows = [];
  for (const section of sections) {
    if (section === 'endpoint') {
      console.log('\nendpoint  (median; what a shell script waits for)');
      execFileSync(process.execPath, [fileURLToPath(new URL('endpoint-read.mjs', import.meta.url))], {
        stdio: 'inherit',
      });
      continue;
    }
    if (section === 'makespan') {
      const { run } = await import('./makespan/makespan.mjs');
      rows.push(...(await run()));
      continue;
    }
    const { subjects, peer, sizes = values.sizes.split(',').map(Number) } = await import(`./${section}.mjs`);
    console.log(`\n${section}  (median of ${values.repeat}; x = ratio to ${peer})`);
    console.log(
      `${'subject'.padEnd(28)}${'n'.padStart(9)}${'us each'.padStart(12)}${'x'.padStart(8)}${'B kept'.padStart(9)}`,
    );
    for (const size of sizes) {
      const figures = measure(section, Object.keys(subjects), size);
      for (const [subject, { ms, bytes }] of Object.entries(figures)) {
        const row = {
          section,
          subject,
          size,
          us: (ms * 1000) / size,
          ratio: ms / figures[peer].ms,
          bytes: bytes / size,
        };
        rows.push(row);
        const cells = [String(size).padStart(9), row.us.toFixed(2).padStart(12), row.ratio.toFixed(2).padStart(8)];
        console.log(`${subject.padEnd(28)}${cells.join('')}${Math.round(row.bytes).toString().padStart(9)}`);
      }
    }
  }
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
}

function measure(section, subjects, size) {
  const samples = Object.fromEntries(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < Number(values.repeat); round += 1) {
    for (const subject of subjects) {
      const args = ['--expose-gc', '--max-old-space-size=8000', fileURLToPath(import.meta.url), section];
      const text = execFileSync(process.execPath, [...args, '--one', subject, '--size', String(size)], {
        encoding: 'utf8',
      });
      samples[subject].push(JSON.parse(text));
    }
  }
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  return Object.fromEntries(
    subjects.map((subject) => [
      subject,
      { ms: median(samples[subject].map(({ ms }) => ms)), bytes: median(samples[subject].map(({ bytes }) => bytes)) },
    ]),
  );
}
