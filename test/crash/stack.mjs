import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePlainType, defineStreamingType, localTypes } from 'hotloom';

/** Of the engines: short, so that a paused one is taken over soon. */
export const LEASE_MS = 300;

/** Marks the processes of one world, so that they can be counted whatever any engine knows of them. */
const MARK = 'HOTLOOM_CRASH_WORLD';

/**
 * The types of a stack whose things are files and processes in `directory`. Things are made in a world that heeds tokens, as a
 * cloud does that takes an idempotency token: what was deleted under one is not made under it any more, however late the
 * call comes. So a paused engine cannot make what the one that took over has removed.
 */
export function typesOf(directory) {
  const things = thingsIn(directory);
  mkdirSync(things, { recursive: true });
  const fileOf = (token) => join(things, token);
  const make = (token, name) => writeFileSync(fileOf(token), name, { flag: 'wx' });
  const made = {
    lookup: ({ token }) => (isThing(fileOf(token)) ? token : undefined),
    delete: async ({ token, clock }) => {
      await pause(clock, 2);
      // At one stroke an empty file takes the place of what is there, or of what would have come.
      const tombstone = join(directory, `${token}.${process.pid}`);
      writeFileSync(tombstone, '');
      renameSync(tombstone, fileOf(token));
    },
  };
  const thing = definePlainType({
    name: 'Crash::Thing',
    properties: { of: {} },
    attributes: { value: { schema: {} } },
    handler: {
      async create({ token, clock, resource, properties, setResourceId }) {
        await pause(clock, 3);
        make(token, resource.name);
        await pause(clock, 3);
        await setResourceId(token);
        await pause(clock, 3);
        return { value: [resource.name, properties.of ?? null] };
      },
      ...made,
    },
  });
  const peer = defineStreamingType({
    name: 'Crash::Peer',
    properties: { peer: {} },
    attributes: { address: { schema: {}, needs: [] }, knows: { schema: {} } },
    handler: {
      async create({ token, clock, resource, inputs, outputs }) {
        make(token, resource.name);
        // Another one at each attempt: whoever knows it has to know the last one.
        await outputs.address(`${resource.name}@${token}`);
        await pause(clock, 5);
        await outputs.knows(await inputs.peer);
      },
      ...made,
    },
  });
  return [...localTypes({ logDirectory: join(directory, 'logs') }), thing, peer];
}

/**
 * A stack of 50 resources, of every type that makes something on this machine, in layers and in circles. In its second
 * version one thing differs, and with it whatever has read from it, over any number of others.
 */
export function templateOf(directory, { fails = false, version = 1 } = {}) {
  const resources = {};
  const outputs = {};
  for (let index = 0; index < 20; index += 1) {
    const of = index === 0 ? version : index < 5 ? index : { get_attr: [`thing${index - 5}`, 'value'] };
    resources[`thing${index}`] = { type: 'Crash::Thing', properties: { of } };
  }
  for (let index = 0; index < 6; index += 1) {
    const peer = { get_attr: [`peer${index ^ 1}`, 'address'] };
    resources[`peer${index}`] = { type: 'Crash::Peer', properties: { peer } };
    outputs[`knows${index}`] = { value: { get_attr: [`peer${index}`, 'knows'] } };
    outputs[`address${index}`] = { value: { get_attr: [`peer${index}`, 'address'] } };
  }
  for (let index = 0; index < 4; index += 1) {
    resources[`process${index}`] = {
      type: 'Local::Process',
      properties: {
        command: ['/bin/sh', '-ec', 'hotloom write met "$(hotloom read thing)"; exec sleep 1000'],
        env: { [MARK]: directory },
      },
      inputs: { thing: { get_attr: [`thing${index}`, 'value'] } },
      outputs: { met: {} },
    };
    resources[`script${index}`] = {
      type: 'Local::Script',
      properties: {
        config: `#!/bin/sh -e\necho script${index} > \${heat_outputs_path}.told\n`,
        outputs: ['told'],
        env: { [MARK]: directory },
      },
      depends_on: `thing${index}`,
    };
    outputs[`met${index}`] = { value: { get_attr: [`process${index}`, 'met'] } };
    outputs[`told${index}`] = { value: { get_attr: [`script${index}`, 'told'] } };
  }
  for (let index = 0; index < 6; index += 1) {
    resources[`file${index}`] = {
      type: 'Local::File',
      properties: {
        path: join(filesIn(directory), `file${index}`),
        content: { get_attr: [`thing${index + 6}`, 'value'] },
      },
    };
  }
  for (let index = 0; index < 2; index += 1) resources[`port${index}`] = { type: 'Local::Port' };
  for (let index = 0; index < 8; index += 1) {
    resources[`value${index}`] = {
      type: 'OS::Heat::Value',
      properties: { value: { get_attr: [`thing${index + 10}`, 'value'] } },
    };
    outputs[`value${index}`] = { value: { get_attr: [`value${index}`, 'value'] } };
  }
  if (fails) {
    resources.value7 = {
      type: 'OS::Heat::TestResource',
      properties: { fail: true },
      depends_on: 'thing12',
    };
    delete outputs.value7;
  }
  return { heat_template_version: 'hotloom-1', resources, outputs };
}

/** What exists in the world: the names of the resources that made it, sorted, one entry per thing. */
export function worldOf(directory) {
  const things = thingsIn(directory);
  const files = filesIn(directory);
  return [
    ...(existsSync(things) ? readdirSync(things).map((token) => readFileSync(join(things, token), 'utf8')) : []).filter(
      (name) => name !== '',
    ),
    ...(existsSync(files) ? readdirSync(files) : []),
    ...processesOf(directory),
  ].sort();
}

/** What a complete stack has in the world. */
export function completeWorld() {
  const names = (prefix, count) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  return [...names('thing', 20), ...names('peer', 6), ...names('file', 6), ...names('process', 4)].sort();
}

/** What the outputs have to say, whatever was killed on the way. */
export function outputsAreRight(outputs, version = 1) {
  for (let index = 0; index < 6; index += 1)
    if (outputs[`knows${index}`] !== outputs[`address${index ^ 1}`]) return false;
  for (let index = 0; index < 4; index += 1) {
    if (outputs[`told${index}`] !== `script${index}\n`) return false;
    if (outputs[`met${index}`] !== JSON.stringify([`thing${index}`, index === 0 ? version : index])) return false;
  }
  return Array.from({ length: 8 }, (_, index) => outputs[`value${index}`]?.[0]).every(
    (name, index) => name === `thing${index + 10}`,
  );
}

/** The resources whose processes run, one entry per group of processes. */
function processesOf(directory) {
  const found = new Map();
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      if (!environment.includes(`${MARK}=${directory}`)) continue;
      const name = environment.find((variable) => variable.startsWith('HOTLOOM_NAME='));
      const group = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')[2];
      found.set(group, name?.split('.').at(-1));
    } catch {
      // It has ended meanwhile.
    }
  }
  return [...found.values()];
}

function isThing(file) {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function thingsIn(directory) {
  return join(directory, 'things');
}

function filesIn(directory) {
  return join(directory, 'files');
}

function pause(clock, ms) {
  return new Promise((resolve) => void clock.schedule(ms, resolve, { keepAlive: true }));
}
