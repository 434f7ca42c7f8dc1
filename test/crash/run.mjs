// npm run crash -- [--kills 500] [--seed S]: engines in processes of their own work on a stack of 50 resources (files, scripts,
// processes, ports, wait conditions, things that are counted outside) with SQLite. At random instants they are killed by
// SIGKILL, or paused by SIGSTOP until another one has taken over; several times in a row, also while they resume. After each
// action the world has to be what an undisturbed life leaves. The lives have the seeds S, S + 1 and so on: one that fails
// tells its own, and where its world is kept; `--seed` of it makes the same decisions again, at other instants.
import { scriptCommand, wholeNumber } from '../script-command.mjs';
import { measureDurations, playLife } from './life.mjs';

const { kills, seed: first = Date.now() % 1_000_000 } = scriptCommand(
  'crash',
  'Kills and pauses engines at work on a stack of 50 resources, and counts what is left in the world.',
)
  .option('--kills <n>', 'how many kills and pauses', wholeNumber(1), 500)
  .option('--seed <n>', 'of the first life (default: another one each time)', wholeNumber(0))
  .addHelpText('after', '\nExit code 1 when a life fails: it tells its seed, and where its world is kept.')
  .parse()
  .opts();

const stopping = new AbortController();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.once(signal, () => {
    process.exitCode = code;
    stopping.abort(new Error(`The run was ended by ${signal}.`));
  });
}

const total = { kills: 0, pauses: 0, lost: 0 };
let lives = 0;
const counted = () => `${total.kills} kills and ${total.pauses} pauses (${total.lost} claims lost) in ${lives} lives`;
console.log(`seed ${first}`);
try {
  const durations = await measureDurations(stopping.signal);
  console.log(
    `undisturbed: ${Object.entries(durations)
      .map(([action, ms]) => `${action} ${Math.round(ms)} ms`)
      .join(', ')}`,
  );
  while (total.kills + total.pauses < kills) {
    const counts = await playLife(first + lives, durations, stopping.signal);
    for (const each of Object.keys(total)) total[each] += counts[each];
    lives += 1;
    if (process.stdout.isTTY || lives % 20 === 0) console.log(counted());
  }
  console.log(`${counted()}: nothing lost, nothing there twice.`);
} catch (error) {
  console.error(`${counted()}, then: ${stopping.signal.aborted ? error.message : error.stack}`);
  process.exitCode ??= 1;
}
