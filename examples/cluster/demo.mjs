// Brings up a replicated key-value cluster whose members need each other's addresses, uses it, and takes it down.
//   npm run demo [-- MEMBERS]
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine, localTypes, processStart, SqliteStore, toSvg } from 'hotloom';
import { clusterTemplate } from './template.mjs';
import { Timeline } from './timeline.mjs';

const size = Number(process.argv[2] ?? 5);
if (!Number.isInteger(size) || size < 1 || size > 50) {
  console.error(`'${process.argv[2]}' is not a number of members. Give a whole number from 1 to 50: npm run demo -- 5`);
  process.exit(2);
}
const directory = join(process.cwd(), '.hotloom', 'demo');
const stack = 'cluster';
mkdirSync(directory, { recursive: true });

const engine = new Engine({
  store: SqliteStore.open(join(directory, 'store.db')),
  types: localTypes({ logDirectory: join(directory, 'logs') }),
});
const cancel = new AbortController();
process.once('SIGINT', () => cancel.abort());

try {
  if ((await engine.list()).some(({ name }) => name === stack)) await engine.delete({ stack }); // of an interrupted demo
  await demo();
} finally {
  await engine.close();
}

async function demo() {
  const template = clusterTemplate(size);
  const input = {
    stack,
    template,
    parameters: { program: fileURLToPath(new URL('member.mjs', import.meta.url)), node: process.execPath },
  };
  const graph = join(directory, 'graph.svg');
  const analysis = engine.validate(input);
  writeFileSync(graph, await toSvg(analysis.stack, analysis.graph));

  console.log(`Creating ${size} members, each of which needs the addresses of all others.\n`);
  const timeline = new Timeline(engine, stack);
  try {
    const { outputs } = await engine.create({ ...input, rollback: true, timeoutMs: 120_000, signal: cancel.signal });
    console.log(timeline.print());
    console.log('\nOutputs');
    for (const url of outputs.urls) console.log(`  ${url}`);

    console.log('\nUse');
    const [first, last] = [outputs.urls[0], outputs.urls.at(-1)];
    const written = await fetch(`${first}/kv/greeting`, { method: 'PUT', body: 'hello' }).then((response) =>
      response.json(),
    );
    console.log(`  PUT ${first}/kv/greeting  hello  ->  version ${written.version} on ${written.copies} members`);
    const { value } = await fetch(`${last}/kv/greeting`).then((response) => response.json());
    console.log(`  GET ${last}/kv/greeting         ->  ${value}`);
    if (value !== 'hello') throw new Error('The last member does not have what was written to the first.');
    console.log(`\nGraph: ${graph}`);
    await takeDown(await engine.show(stack));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}

async function takeDown({ resources }) {
  const pids = resources.map(({ resourceId }) => Number(resourceId));
  await engine.delete({ stack });
  const left = pids.filter((pid) => processStart(pid) !== undefined);
  rmSync(join(directory, 'logs'), { recursive: true, force: true });
  console.log(
    `Deleted: ${left.length === 0 ? 'no process' : `${left.length}`} of ${pids.length} is left, ${(await engine.list()).length === 0 ? 'no stack' : 'a stack'} is in the store.`,
  );
  if (left.length > 0) throw new Error(`These processes are left: ${left.join(' ')}`);
}
