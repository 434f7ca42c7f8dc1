// A small deployment tool. It deploys one customer's stack, then one whose create fails, and cleans up.
//   npm run example:embed
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from 'hotloom';
import { deploy } from './deploy.ts';
import { Database, Service } from './types.ts';

const directory = await mkdtemp(join(tmpdir(), 'hotloom-embed-'));
const engine = new Engine({ types: [Database, Service] });
const report = (line: string): void => console.log(`  ${line}`);

console.log('acme:');
const acme = await deploy(
  engine,
  { customer: 'acme', image: 'shop:1.4', directory, password: 'correct horse' },
  report,
);
console.log('  outputs:', JSON.stringify(acme?.outputs));

console.log('globex, whose image has no version:');
await deploy(engine, { customer: 'globex', image: 'shop', directory, password: 'battery staple' }, report);

for (const { name, state } of await engine.list()) console.log(`${name}: ${state}`);
for (const { name } of await engine.list()) await engine.delete({ stack: name });
await engine.close();
await rm(directory, { recursive: true });
