import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hotloom-example-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Runs an example as a reader of the README does, and gives what it prints. */
async function run(file: string, ...args: readonly string[]): Promise<string> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'examples', file), ...args], {
    cwd: directory,
    env,
  });
  return stdout;
}

describe('examples', () => {
  test('cluster: members that need each other come up, are used, and leave nothing', async () => {
    const printed = await run('cluster/demo.mjs', '3');
    expect(printed).toMatch(/PUT http:\/\/127\.0\.0\.1:\d+\/kv\/greeting {2}hello {2}-> {2}version 1 on 3 members/);
    expect(printed).toMatch(/GET http:\/\/127\.0\.0\.1:\d+\/kv\/greeting {9}-> {2}hello/);
    expect(printed).toContain('Deleted: no process of 3 is left, no stack is in the store.');
  });

  test('handshake: two scripts that need each other, by the command line alone', async () => {
    const hotloom = async (...args: readonly string[]): Promise<string> =>
      (await promisify(execFile)(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { cwd: directory }))
        .stdout;
    await hotloom('create', 'pair', '-t', join(root, 'examples/handshake/handshake.yaml'));
    expect(await hotloom('outputs', 'pair', 'a')).toBe('a has met 10.0.0.2\n');
    expect(await hotloom('outputs', 'pair', 'b')).toBe('b has met 10.0.0.1\n');
    await hotloom('delete', 'pair', '-y');
    expect(await hotloom('list')).toMatch(/^No stacks/);
  });

  const hasCurl = canRun('curl');
  const curl = hasCurl ? test : test.skip;
  curl(
    `signals: curl, a script and a person signal one wait condition${hasCurl ? '' : ' (skipped: no curl)'}`,
    async () => {
      const hotloom = (...args: readonly string[]) =>
        promisify(execFile)(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { cwd: directory });
      const created = hotloom('create', 'app', '-t', join(root, 'examples/signals/signals.yaml'), '--json');
      const byHand = '{"id": "by-hand", "reason": "checked", "data": null}';
      // The handle is not there at first.
      let told: string | undefined;
      while (told === undefined) {
        told = await hotloom('signal', 'app', 'handle', '--data', byHand).then(
          ({ stdout }) => stdout,
          () => undefined,
        );
      }
      expect(told).toBe('Signal: status:SUCCESS reason:checked\n');
      await created;
      const { stdout } = await hotloom('outputs', 'app', 'data');
      expect(Object.values(JSON.parse(stdout)).sort()).toEqual([null, 'of curl', 'of the script'].sort());
      await hotloom('delete', 'app', '-y');
    },
  );

  test('two-machines: the makespan by attribute is shorter than by whole resource', async () => {
    const makespans = [...(await run('two-machines/main.mjs')).matchAll(/makespan: (\d+) s/g)].map((match) => match[1]);
    expect(makespans).toEqual(['20', '12']);
  });

  test('embed: a tool deploys one stack and handles the failure of another', async () => {
    execFileSync('npx', ['tsc', '-p', 'examples/embed'], { cwd: root });
    const printed = await run('embed/dist/main.js');
    expect(printed).toContain('outputs: {"addresses":["api.internal:8080","worker.internal:8080"]}');
    expect(printed).toContain("Error: resources.api: The image 'shop' has no version.");
    expect(printed).toContain('acme: CREATE_COMPLETE\nglobex: ROLLBACK_COMPLETE\n');
    expect(printed).not.toContain('correct horse');
  });

  const hasEtcd = canRun('etcd');
  const etcd = hasEtcd ? test : test.skip;
  etcd(`etcd: three members form a cluster${hasEtcd ? '' : ' (skipped: etcd is not installed)'}`, async () => {
    const printed = await run('etcd/main.mjs');
    expect(printed.match(/health: true/g)).toHaveLength(3);
    expect(printed).toMatch(/put through \S+, got through \S+: hello/);
    expect(printed).toContain('members: etcd1 etcd2 etcd3\nstacks left: 0\n');
  });
});

function canRun(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
