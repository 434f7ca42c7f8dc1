import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { monotonicNow } from '../../src/store/claim.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { Claimant, StackRecord } from '../../src/store/stack-store.ts';
import { Workplace } from './hotloom.ts';

let place: Workplace;

beforeAll(() => {
  place = new Workplace();
});
afterAll(async () => {
  await place.close();
});

const ANOTHER: Claimant = {
  engineId: 'another',
  host: 'elsewhere.invalid',
  pid: 7,
  processStart: 'then',
  actor: 'ann@elsewhere.invalid',
  leaseMs: 30_000,
};

test('a create whose stack was taken over says so, and does not tell of the stack as its own', async () => {
  place.write(
    'gate.yaml',
    `heat_template_version: hotloom-1
resources:
  before: { type: OS::Heat::Value, properties: { value: x } }
  gate: { type: OS::Heat::Value, properties: { value: { get_data: ops.release.approved } } }
`,
  );
  const running = place.start(['create', 'gate', '-t', 'gate.yaml']);
  await running.printed('CREATE_COMPLETE');
  const file = join(place.directory, '.hotloom', 'store.db');
  // By a clock for which its lease is over.
  const later = SqliteStore.open(file, { now: () => monotonicNow() + 60_000 });
  const store = SqliteStore.open(file);
  const { id } = store.listStacks()[0] as StackRecord;
  later.release(later.claim(id, ANOTHER));
  store.claim(id, ANOTHER);
  store.writeOutside(['default', 'ops', 'release', 'approved'], true);
  const { code, stdout, stderr } = await running.ended;
  expect([code, stderr]).toEqual([
    1,
    `error: Nothing was stored: the claim on stack gate was lost.
  The engine in process 7 on elsewhere.invalid has taken the stack over, because this one gave no sign of life for longer than its lease, or seemed dead.
  What this engine was at work with is stopped. Look at the state of the stack, and run the action again if it is still wanted.
`,
  ]);
  expect(stdout).toContain('Stack CREATE failed: Nothing was stored: the claim on stack gate was lost.');
  later.close();
  store.close();
  const refused = await place.run(['resume', 'gate']);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    `error: Stack gate already has an action in progress.
  The engine in process 7 on elsewhere.invalid is at work on it: one action at a time changes a stack.
  Wait until that action has ended. If that process is gone, run the action again: the stack is free 30 s after its last sign of life.
`,
  ]);
});
