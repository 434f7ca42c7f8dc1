// In a process of its own, started by bench.mjs: measures subjects of a section and prints their figures as JSON.
// node --expose-gc measure.mjs one|warm SECTION SUBJECTS SIZE
import { writeSync } from 'node:fs';
import { mediansOf } from './medians.mjs';
import { memory } from './timed.mjs';

/** How many turns what is measured warm takes in one process, and as many before: for so much work, within these bounds. */
const WARM_TURNS = { work: 100_000, least: 3, most: 30 };

const [how, section, names, size] = process.argv.slice(2);
if (how === 'one') await runOne(JSON.parse(names)[0], Number(size));
else await runWarm(JSON.parse(names), Number(size));

/** Warms up with 1,000 three times, then measures once. */
async function runOne(subject, size) {
  const { subjects, cold } = await import(`./${section}.mjs`);
  for (let k = 0; k < 3 && cold?.has(subject) !== true; k += 1) await subjects[subject](1000);
  memory.isMeasured = true;
  tell({ [subject]: await subjects[subject](size) });
}

/** Lets the subjects take turns, and tells the medians of those turns in which they were warm. */
async function runWarm(names, size) {
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
