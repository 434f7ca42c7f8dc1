// npm run crash -- [--kills 500] [--seed S]: engines in processes of their own work on a stack of 50 resources (files,
// scripts, processes, ports, things that are counted outside) with SQLite. At random instants they are killed by SIGKILL, or
// paused by SIGSTOP until another one has taken over; several times in a row, also while they resume. After each life the
// world has to be what an undisturbed life leaves.
import { parseArgs } from 'node:util';
import { randomFrom } from '../bench/makespan/cases.mjs';
import { measureDurations, playRound } from './round.mjs';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '500' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const durations = await measureDurations();
console.log(
  `seed ${seed}; undisturbed: ${Object.entries(durations)
    .map(([action, ms]) => `${action} ${Math.round(ms)} ms`)
    .join(', ')}`,
);

const total = { kills: 0, pauses: 0, lost: 0 };
let rounds = 0;
const counted = () => `${total.kills} kills and ${total.pauses} pauses (${total.lost} claims lost) in ${rounds} lives`;
while (total.kills + total.pauses < Number(values.kills)) {
  const counts = await playRound(random, durations);
  for (const each of Object.keys(total)) total[each] += counts[each];
  rounds += 1;
  if (process.stdout.isTTY || rounds % 20 === 0) console.log(counted());
}
console.log(`${counted()}: nothing lost, nothing there twice.`);
