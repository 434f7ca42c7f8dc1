// node test/crash/engine.mjs DIRECTORY ACTION: one engine, which does one action on the stack and may be killed or paused
// in it. A stack that another engine holds is asked for again, until that one's lease is over.
import { join } from 'node:path';
import { Engine, isHotloomError, SqliteStore } from 'hotloom';
import { LEASE_MS, templateOf, typesOf } from './stack.mjs';

const [directory, action] = process.argv.slice(2);
const store = SqliteStore.open(join(directory, 'store.db'));
const engine = new Engine({ store, types: typesOf(directory), leaseMs: LEASE_MS });
const MOST_TRIES = 200;

process.send('began');
try {
  for (let tries = 1; ; tries += 1) {
    try {
      await act();
      break;
    } catch (error) {
      if (!isHotloomError(error, 'ActionInProgress') || tries === MOST_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 4));
    }
  }
  process.send({ ended: 'well' });
} catch (error) {
  process.send({ ended: `${error.code}: ${error.message}` });
} finally {
  await engine.close();
  process.disconnect();
}

async function act() {
  if (action === 'create') await engine.create({ stack: 's', template: templateOf(directory) });
  else if (action === 'fail') {
    await engine.create({ stack: 's', template: templateOf(directory, { fails: true }), rollback: true });
  } else if (action === 'update') {
    await engine.update({ stack: 's', template: templateOf(directory, { version: 2 }) });
  } else if (action === 'failUpdate') {
    await engine.update({ stack: 's', template: templateOf(directory, { version: 2, fails: true }), rollback: true });
  } else if (action === 'delete') await engine.delete({ stack: 's' });
  else await engine.resume({ stack: 's' });
}
