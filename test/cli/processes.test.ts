import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { processStart } from '../../src/process-identity.ts';
import { type Ended, Workplace } from './hotloom.ts';

let place: Workplace;

/** Waits for a name from outside. */
const GATE = `heat_template_version: hotloom-1
resources:
  before: { type: OS::Heat::Value, properties: { type: string, value: x } }
  gate: { type: OS::Heat::Value, properties: { type: string, value: { get_data: ops.release.approved } } }
outputs:
  by: { value: { get_attr: [gate, value] } }
`;

/** A process that publishes its pid and goes on. */
const LONG = `heat_template_version: hotloom-1
resources:
  server:
    type: Local::Process
    properties: { command: [sh, -c, 'hotloom write pid $$; hotloom read default.ops.never.comes'], ready: { publish: [ready] } }
    outputs: { pid: { needs: [] }, ready: {} }
`;

/** A script that does not heed SIGTERM, which the engine gives two seconds. */
const STUBBORN = `heat_template_version: hotloom-1
resources:
  server:
    type: Local::Script
    properties:
      grace: 2
      config: |
        #!/bin/sh
        trap '' TERM
        hotloom write pid $$
        while :; do sleep 0.1; done
    outputs: { pid: { needs: [] } }
`;

beforeAll(() => {
  place = new Workplace();
  place.write('gate.yaml', GATE);
  place.write('long.yaml', LONG);
});

afterAll(() => place.close());

/** Runs the program in this process, beside those that are started; it has to succeed. */
async function ok(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await place.run(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe('one process for each command', () => {
  test('a value that an operator writes in one process goes to a stack that waits for it in another', async () => {
    const create = place.start(['create', 'gate', '-t', 'gate.yaml']);
    await create.printed('[gate.before]: CREATE_COMPLETE');
    const reading = place.start(['read', 'ops.release.approved']);
    await ok('write', 'ops.release.approved', 'anna');
    expect(await create.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('by  anna') });
    expect(await reading.ended).toEqual({ code: 0, stdout: 'anna\n', stderr: '' });
    const conflict = await place.run(['write', 'ops.release.approved', 'bert']);
    expect(conflict).toMatchObject({ code: 1, stderr: expect.stringContaining('written before') });
    await ok('delete', 'gate');
  });

  test('colours only where they are wanted', async () => {
    const forced = await place.runProcess(['show', 'none'], { env: { FORCE_COLOR: '1' } });
    expect(forced.stderr).toContain('\u001b[31merror:');
    const refused = await place.runProcess(['show', 'none'], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
    expect(refused.stderr).not.toContain('\u001b');
  });
});

describe('Ctrl-C', () => {
  test('in the middle of a create cancels it; what was made can be deleted completely', async () => {
    const create = place.start(['create', 'long', '-t', 'long.yaml']);
    await create.printed('[long.server]: CREATE_IN_PROGRESS');
    const pid = Number(await ok('read', 'long.server.pid'));
    expect(processStart(pid)).toBeDefined();
    create.child.kill('SIGINT');
    const { code, stderr } = await create.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('Cancelling');
    expect(stderr).toContain(
      'Stack long is CREATE_FAILED.\nWhat remains: server (CREATE_FAILED)\nTo go on: hotloom update long --existing\nTo remove it: hotloom delete long\n',
    );
    await ok('delete', 'long');
    expect(processStart(pid)).toBeUndefined();
    expect(await ok('list')).toMatch(/^No stacks/);
  });

  test('a second one ends at once, and the stack can be deleted all the same', async () => {
    place.write('stubborn.yaml', STUBBORN);
    const create = place.start(['create', 'stubborn', '-t', 'stubborn.yaml']);
    await create.printed('[stubborn.server]: CREATE_IN_PROGRESS');
    const pid = Number(await ok('read', 'stubborn.server.pid'));
    create.child.kill('SIGINT');
    await create.printed('Cancelling');
    create.child.kill('SIGINT');
    const { code, stderr } = await create.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(
      'What remains: server (CREATE_IN_PROGRESS)\nTo go on: hotloom resume stubborn\nTo remove it: hotloom delete stubborn\n',
    );
    await ok('delete', 'stubborn');
    expect(processStart(pid)).toBeUndefined();
  });

  test('killed in the middle, the engine leaves a stack that says so, and is deleted', async () => {
    place.write('killed.yaml', STUBBORN);
    const create = place.start(['create', 'killed', '-t', 'killed.yaml']);
    await create.printed('[killed.server]: CREATE_IN_PROGRESS');
    const pid = Number(await ok('read', 'killed.server.pid'));
    expect(JSON.parse(await ok('show', 'killed', '--json'))).toMatchObject({ isInterrupted: false });
    create.child.kill('SIGKILL');
    await create.ended;
    expect(JSON.parse(await ok('show', 'killed', '--json'))).toMatchObject({ isInterrupted: true });
    expect(await ok('list')).toContain('CREATE_IN_PROGRESS (interrupted)');
    expect(await ok('waiting', 'killed')).toContain(
      "the engine that worked on it is gone; 'hotloom resume killed' goes on, 'hotloom delete killed' removes",
    );
    const followed = await place.run(['events', 'killed', '--follow']);
    expect(followed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('the engine that worked on it is gone'),
    });
    await ok('delete', 'killed');
    expect(processStart(pid)).toBeUndefined();
  });

  test('killed in the middle, a stack is resumed: its processes are made anew, and it is as if nothing had happened', async () => {
    const command = (name: string) => [
      '/bin/sh',
      '-ec',
      `hotloom write address ${name}-$$; hotloom read gate; hotloom write met "$(hotloom read peer)"; exec sleep 1000`,
    ];
    const member = (name: string, peer: string) => ({
      type: 'Local::Process',
      properties: { command: command(name) },
      inputs: { gate: { get_data: 'ops.resumed.gate' }, peer: { get_attr: [peer, 'address'] } },
      outputs: { address: { needs: [] }, met: {} },
    });
    const resources = { a: member('a', 'b'), b: member('b', 'a') };
    const outputs = { a: { value: { get_attr: ['a', 'met'] } }, b: { value: { get_attr: ['b', 'met'] } } };
    place.write('resumed.yaml', JSON.stringify({ heat_template_version: 'hotloom-1', resources, outputs }));
    const create = place.start(['create', 'resumed', '-t', 'resumed.yaml']);
    await create.printed('[resumed.b]: CREATE_IN_PROGRESS');
    const first = [await ok('read', 'resumed.a.address'), await ok('read', 'resumed.b.address')];
    const pids = [Number(await ok('read', 'resumed.a.pid')), Number(await ok('read', 'resumed.b.pid'))];
    create.child.kill('SIGKILL');
    await create.ended;
    await ok('write', 'ops.resumed.gate', 'open');
    expect(await place.run(['resume', '--parameter', 'k=v'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--parameter needs the name of a stack.'),
    });
    const resumed = await place.run(['resume', '--json']);
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(resumed.stdout)).toEqual([{ space: 'default', stack: 'resumed', state: 'CREATE_COMPLETE' }]);
    expect(await place.run(['resume'])).toMatchObject({
      code: 0,
      stderr: 'No stack was stopped in the middle.\n',
    });
    const { state, outputs: met } = JSON.parse(await ok('show', 'resumed', '--json'));
    expect({ state, met }).toEqual({
      state: 'CREATE_COMPLETE',
      met: { a: expect.stringMatching(/^b-\d+$/), b: expect.stringMatching(/^a-\d+$/) },
    });
    expect([met.b, met.a]).not.toEqual(first);
    expect(pids.map((pid) => processStart(pid))).toEqual([undefined, undefined]);
    expect((await place.run(['resume', 'resumed'])).stderr).toContain('is CREATE_COMPLETE');
    await ok('delete', 'resumed');
  });

  test('ends a blocked read', async () => {
    const reading = place.start(['read', 'ops.never.comes', '--store', 'fresh.db']);
    // By the time that it opens the store it heeds signals.
    while (!existsSync(join(place.directory, 'fresh.db'))) await sleep(20);
    reading.child.kill('SIGINT');
    expect(await reading.ended).toEqual({ code: 130, stdout: '', stderr: '' });
  });
});

describe('several processes on one store', () => {
  test('one cancels what another is at work with, with a rollback or without', async () => {
    const create = place.start(['create', 'long', '-t', 'long.yaml']);
    await create.printed('[long.server]: CREATE_IN_PROGRESS');
    const kept = await place.run(['cancel', 'long', '--no-rollback']);
    expect(kept).toEqual({
      code: 0,
      stdout: 'Stack long is CREATE_FAILED: Stack CREATE failed: Stack CREATE was cancelled.\n',
      stderr: '',
    });
    expect((await create.ended).code).toBe(1);
    expect((await place.run(['cancel', 'long'])).stderr).toContain('Cancelling a stack when it is CREATE_FAILED');
    await ok('delete', 'long');
    const again = place.start(['create', 'long', '-t', 'long.yaml']);
    await again.printed('[long.server]: CREATE_IN_PROGRESS');
    expect(JSON.parse(await ok('cancel', 'long', '--json'))).toMatchObject({
      state: 'ROLLBACK_COMPLETE',
      resources: [],
    });
    expect((await again.ended).code).toBe(1);
    await ok('delete', 'long');
  });

  test('an update of one supersedes what another is at work with, when it is told so', async () => {
    place.write('short.yaml', 'heat_template_version: hotloom-1\noutputs: { done: { value: yes } }\n');
    const create = place.start(['create', 'long', '-t', 'long.yaml']);
    await create.printed('[long.server]: CREATE_IN_PROGRESS');
    const pid = Number(await ok('read', 'long.server.pid'));
    const update = ['update', 'long', '-t', 'short.yaml'];
    expect(await place.run(update)).toMatchObject({ code: 1, stdout: '' });
    expect(await ok(...update, '--supersede')).toContain('[long]: UPDATE_COMPLETE');
    expect((await create.ended).code).toBe(1);
    expect(processStart(pid)).toBeUndefined();
    await ok('delete', 'long');
  });

  test('a stack at work is busy for the others, who can ask what it waits for and follow it', async () => {
    place.write('busy.yaml', GATE.replace('ops.release.approved', 'ops.busy.approved'));
    const create = place.start(['create', 'busy', '-t', 'busy.yaml']);
    await create.printed('[busy.before]: CREATE_COMPLETE');
    const busy: Ended = await place.run(['delete', 'busy']);
    expect(busy).toMatchObject({ code: 1, stdout: '' });
    expect(busy.stderr).toContain('already has an action');
    expect(await ok('waiting', 'busy')).toMatch(/gate +value +default\.ops\.busy\.approved/);
    const follow = place.start(['events', 'busy', '--follow']);
    await follow.printed('[busy.before]: CREATE_COMPLETE');
    await ok('write', 'ops.busy.approved', 'yes');
    expect(await create.ended).toMatchObject({ code: 0 });
    expect(await follow.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('[busy]: CREATE_COMPLETE') });
    await ok('delete', 'busy');
  });
});
