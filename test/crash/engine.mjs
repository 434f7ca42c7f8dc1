// node test/crash/engine.mjs JOB: one engine, which does one action on the stack and may be killed or paused in it. A stack
// that another engine holds is asked for again, until that one's lease is over. It tells its parent when it begins and how
// it ended, and prints the stack's events.
import { isHotloomError } from 'hotloom';
import { ACTIONS, endingOf } from './actions.mjs';
import { LEASE_MS, openEngine } from './stack.mjs';

const job = JSON.parse(process.argv[2]);
const MOST_TRIES = 200;
// Nobody is to hear of it any more.
const orphaned = () => process.exit(1);
process.once('disconnect', orphaned);

const engine = openEngine(job.directory);
engine.onEvent(({ time, ...event }) => console.log(time, JSON.stringify(event)));
process.send('began');
try {
  process.send({ ended: endingOf(job.action, await failureOf()) });
} finally {
  await engine.close();
  process.off('disconnect', orphaned);
  process.disconnect();
}

/** The error that the action ends with; undefined when it does well. */
async function failureOf() {
  for (let tries = 1; ; tries += 1) {
    try {
      await ACTIONS[job.action].act(engine, job);
      return undefined;
    } catch (error) {
      if (!isHotloomError(error, 'ActionInProgress') || tries === MOST_TRIES) return error;
      await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 4));
    }
  }
}
