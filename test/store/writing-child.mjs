// Opens the store of argv[2] and, as argv[3] says, writes until it is killed, holds a claim until it is, or begins to write
// and waits for a line on its standard input, or stops itself, before it ends that.
import { once } from 'node:events';
import { hostname } from 'node:os';
import Database from 'libsql';
import { processStart } from '../../src/process-identity.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';

const [, , file, task] = process.argv;
const store = SqliteStore.open(file);
const claimant = {
  engineId: '00000000-0000-4000-8000-000000000077',
  host: hostname(),
  pid: process.pid,
  processStart: processStart(process.pid),
  actor: 'ann@here',
  leaseMs: 30_000,
};
const claim = store.createStack(
  {
    id: '00000000-0000-4000-8000-000000000001',
    space: 'default',
    name: 'app',
    action: 'CREATE',
    status: 'IN_PROGRESS',
    reason: '',
    createdAt: 1,
    updatedAt: 1,
    template: {},
    files: {},
    parameters: {},
    environment: {},
    rollback: false,
    outputs: {},
  },
  claimant,
);
// A batch is stored whole or not at all: each has two values that must be found together.
for (let batch = 1; task === 'write'; batch += 1) {
  store.append(claim, [
    { kind: 'value', resource: 'left', attribute: String(batch), value: batch },
    { kind: 'value', resource: 'right', attribute: String(batch), value: batch },
  ]);
  process.stdout.write(`${batch}\n`);
}
if (task === 'stop' || task === 'wait') {
  const database = new Database(file);
  database.exec('BEGIN IMMEDIATE');
  database.exec(`INSERT INTO outside VALUES ('default', 'other', 'approval', 'given', '"late"')`);
  process.stdout.write('ready\n');
  if (task === 'stop') process.kill(process.pid, 'SIGSTOP');
  else await once(process.stdin, 'data');
  database.exec('COMMIT');
  process.exit();
}
process.stdout.write('ready\n');
setInterval(() => {}, 1000);
