// The round trip of `hotloom read NAME` of a value that is there, as a shell script sees it, as a ratio to `node -e 0`.
// Medians of interleaved runs. `npm run build` first; then `node test/bench/endpoint-read.mjs [RUNS]`.
import { execFileSync, fork } from 'node:child_process';
import { EndpointServer } from '../../dist/endpoint/endpoint-server.js';

const runs = Number(process.argv[2] ?? 30);

// The server lives in a process of its own, as the engine does: this one is blocked while a command runs.
if (process.argv[2] === 'serve') {
  const server = new EndpointServer({
    onRead: async () => '127.0.0.1:1234',
    onTryRead: async () => '127.0.0.1:1234',
    onWrite: async () => {},
    onWaiting: () => [],
    onCancel: async () => {},
  });
  const identity = { space: 'default', stack: 'app', stackId: '0', name: 'web', type: 'T', physicalName: 'app-web-0' };
  process.send(await server.open(identity));
  process.on('disconnect', () => server.close());
} else {
  const engine = fork(new URL(import.meta.url), ['serve']);
  const access = await new Promise((resolve) => engine.once('message', resolve));
  const withCurl = { ...process.env, ...access.environment };
  // Without curl in its PATH the launcher goes straight to node.
  const withoutCurl = { ...withCurl, PATH: access.commandDirectory };
  const hotloom = `${access.commandDirectory}/hotloom`;
  const cases = {
    'node -e 0': [process.execPath, ['-e', '0'], process.env],
    'hotloom read db.address': [hotloom, ['read', 'db.address'], withCurl],
    'hotloom read db.address, without curl': [hotloom, ['read', 'db.address'], withoutCurl],
  };
  const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const [name, [file, args, env]] of Object.entries(cases)) {
      const begin = performance.now();
      execFileSync(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      times[name].push(performance.now() - begin);
    }
  }
  engine.disconnect();
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const base = median(times['node -e 0']);
  for (const [name, values] of Object.entries(times)) {
    console.log(`${name}: ${median(values).toFixed(1)} ms, ${(median(values) / base).toFixed(2)} times node -e 0`);
  }
}
