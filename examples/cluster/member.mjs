// One member of a replicated key-value store. It picks its port when it starts, tells the address, waits for the
// addresses of all its peers, and only then serves. Nothing here retries, polls or sleeps: `hotloom read` blocks.
//
//   PUT /kv/KEY   stores the body on a majority of the members
//   GET /kv/KEY   asks a majority and answers with the newest version
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

const store = new Map();
let peers = [];

const server = createServer(async (request, response) => {
  try {
    const { status, body } = await answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  } catch (error) {
    response.writeHead(500).end(JSON.stringify({ error: error.message }));
  }
});
server.listen(0, '127.0.0.1', async () => {
  const address = `127.0.0.1:${server.address().port}`;
  const [, addresses] = await Promise.all([hotloom('write', 'address', address), hotloom('read', '--json', 'peers')]);
  peers = JSON.parse(addresses);
  console.log(`serving with ${peers.length} peers: ${peers.join(' ')}`);
  await hotloom('write', 'url', `http://${address}`);
});
process.once('SIGTERM', () => server.close(() => process.exit(0)) && server.closeAllConnections());

async function hotloom(...args) {
  return (await promisify(execFile)('hotloom', args)).stdout;
}

async function answer(request) {
  const [, area, key] = request.url.split('/');
  if (area === 'health') return { status: 200, body: { peers: peers.length } };
  if (area === 'local') {
    // Asked by a peer: its own copy only.
    if (request.method === 'PUT') keepNewer(key, JSON.parse(await read(request)));
    return { status: 200, body: store.get(key) ?? { version: 0 } };
  }
  if (area !== 'kv' || !key) return { status: 404, body: { error: 'no such path' } };
  const newest = (await askPeers(key)).reduce(newer, store.get(key) ?? { version: 0 });
  if (request.method === 'GET') {
    return newest.version === 0 ? { status: 404, body: { error: 'no such key' } } : { status: 200, body: newest };
  }
  const entry = { version: newest.version + 1, value: await read(request) };
  keepNewer(key, entry);
  const copies = 1 + (await askPeers(key, { method: 'PUT', body: JSON.stringify(entry) })).length;
  return { status: 200, body: { version: entry.version, copies } };
}

/** The answers of the peers that answer; fails without a majority. */
async function askPeers(key, options) {
  const asked = peers.map((peer) =>
    fetch(`http://${peer}/local/${key}`, { ...options, signal: AbortSignal.timeout(2000) }),
  );
  const answered = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
  if (answered.length + 1 <= (peers.length + 1) / 2) throw new Error('no majority of the members answers');
  return Promise.all(answered.map(({ value }) => value.json()));
}

function keepNewer(key, entry) {
  store.set(key, newer(store.get(key) ?? { version: 0 }, entry));
}

function newer(a, b) {
  return b.version > a.version ? b : a;
}

async function read(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}
