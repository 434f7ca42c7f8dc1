// node test/crash/engine.mjs DIRECTORY ACTION: one engine, which does one action on the stack and may be killed in it.
import { join } from 'node:path';
import { Engine, SqliteStore } from 'hotloom';
import { templateOf, typesOf } from './stack.mjs';

const [directory, action] = process.argv.slice(2);
const engine = new Engine({ store: SqliteStore.open(join(directory, 'store.db')), types: typesOf(directory) });
process.send('began');
try {
  if (action === 'create') await engine.create({ stack: 's', template: templateOf(directory) });
  else if (action === 'fail') {
    await engine.create({ stack: 's', template: templateOf(directory, { fails: true }), rollback: true });
  } else if (action === 'update') {
    await engine.update({ stack: 's', template: templateOf(directory, { version: 2 }) });
  } else if (action === 'failUpdate') {
    await engine.update({ stack: 's', template: templateOf(directory, { version: 2, fails: true }), rollback: true });
  } else if (action === 'delete') await engine.delete({ stack: 's' });
  else await engine.resume({ stack: 's' });
  process.send({ ended: 'well' });
} catch (error) {
  process.send({ ended: `${error.code}: ${error.message}` });
} finally {
  await engine.close();
  process.disconnect();
}
