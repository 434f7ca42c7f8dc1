// Brings up a real three-member etcd cluster, checks its health, puts a key through one member and gets it through
// another, and takes it down. Needs etcd (Debian: apt-get install etcd-server).
//   node examples/etcd/main.mjs
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, localTypes } from 'hotloom';
import { etcdTemplate } from './template.mjs';

const directory = mkdtempSync(join(tmpdir(), 'hotloom-etcd-'));
const engine = new Engine({ types: localTypes({ logDirectory: join(directory, 'logs') }) });
try {
  const { outputs } = await engine.create({
    stack: 'etcd',
    template: etcdTemplate(['etcd1', 'etcd2', 'etcd3']),
    parameters: { directory },
    timeoutMs: 120_000,
  });
  for (const endpoint of outputs.endpoints) {
    const { health } = await fetch(`${endpoint}/health`).then((response) => response.json());
    console.log(`${endpoint}  health: ${health}`);
  }
  const [first, , last] = outputs.endpoints;
  await post(`${first}/v3/kv/put`, { key: base64('greeting'), value: base64('hello') });
  const { kvs } = await post(`${last}/v3/kv/range`, { key: base64('greeting') });
  console.log(`put through ${first}, got through ${last}: ${Buffer.from(kvs[0].value, 'base64')}`);
  const { members } = await post(`${last}/v3/cluster/member/list`, {});
  console.log(
    `members: ${members
      .map(({ name }) => name)
      .sort()
      .join(' ')}`,
  );
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  if ((await engine.list()).length > 0) await engine.delete({ stack: 'etcd' });
  console.log(`stacks left: ${(await engine.list()).length}`);
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
}

async function post(url, body) {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

function base64(text) {
  return Buffer.from(text).toString('base64');
}
