import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePlainType, defineStreamingType, Engine, localTypes, SqliteStore } from 'hotloom';

/** Of the engines: short, so that a paused one is taken over soon. On a busy machine one that lives may be late, too. */
export const LEASE_MS = 500;

/** An engine on the store of a directory, with the key that its secrets are encrypted with. */
export function openEngine(directory) {
  return new Engine({
    store: SqliteStore.open(join(directory, 'store.db')),
    types: typesOf(directory),
    leaseMs: LEASE_MS,
    encryption: { keys: [createHash('sha256').update('crash').digest('base64')] },
  });
}

/** The value of the hidden parameter, another one in each version. */
export function secretOf(version) {
  return `hidden-from-everybody-${version}-`;
}

export function parametersOf(version) {
  return { password: secretOf(version) };
}

/** Hooks before and after what each kind of action does; the operator clears them. */
export const environment = {
  resource_registry: {
    resources: {
      thing4: { hooks: 'pre-create' },
      thing5: { hooks: ['pre-update', 'post-create'] },
      file5: { hooks: 'pre-delete' },
      test: { hooks: 'post-update' },
    },
  },
};

/**
 * The types of a stack whose things are files and processes in `directory`. Things are made in a world that heeds tokens, as a
 * cloud does that takes an idempotency token: what was deleted under one is not made under it any more, however late the
 * call comes. So a paused engine cannot make what the one that took over has removed.
 */
function typesOf(directory) {
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
 * A stack of 50 resources, of every type that makes something on this machine, in layers and in circles, in a group, and with a
 * condition that waits for two of its scripts and for the operator. From one version to the next one thing differs, and with
 * it whatever has read from it, over any number of others, and the hidden parameter.
 */
export function templateOf(directory, { fails = false, version }) {
  const resources = {};
  const outputs = { version: { value: { get_attr: ['thing0', 'value'] } } };
  const publishedBy = (index) => ({ get_attr: [`thing${index}`, 'value'] });
  for (let index = 0; index < 18; index += 1) {
    const of = index === 0 ? version : index < 5 ? index : publishedBy(index - 5);
    resources[`thing${index}`] = { type: 'Crash::Thing', properties: { of } };
  }
  resources.group = {
    type: 'OS::Heat::ResourceGroup',
    properties: { count: 2, resource_def: { type: 'Crash::Thing', properties: { of: publishedBy(5) } } },
  };
  for (let index = 0; index < 6; index += 1) {
    const peer = { get_attr: [`peer${index ^ 1}`, 'address'] };
    resources[`peer${index}`] = { type: 'Crash::Peer', properties: { peer } };
    outputs[`knows${index}`] = { value: { get_attr: [`peer${index}`, 'knows'] } };
    outputs[`address${index}`] = { value: { get_attr: [`peer${index}`, 'address'] } };
  }
  for (let index = 0; index < 4; index += 1) {
    const signal = index < 2 ? '' : `hotloom signal --data '{"id": "script${index}", "data": "done"}' handle`;
    resources[`process${index}`] = {
      type: 'Local::Process',
      properties: { command: ['/bin/sh', '-ec', 'hotloom write met "$(hotloom read thing)"; exec sleep 1000'] },
      inputs: { thing: publishedBy(index) },
      outputs: { met: {} },
    };
    resources[`script${index}`] = {
      type: 'Local::Script',
      properties: {
        config: `#!/bin/sh -e\n${signal}\necho script${index} > \${heat_outputs_path}.told\n`,
        outputs: ['told'],
      },
      depends_on: [`thing${index}`, 'handle'],
    };
    resources[`value${index}`] = { type: 'OS::Heat::Value', properties: { value: publishedBy(index + 10) } };
    outputs[`met${index}`] = { value: { get_attr: [`process${index}`, 'met'] } };
    outputs[`told${index}`] = { value: { get_attr: [`script${index}`, 'told'] } };
    outputs[`value${index}`] = { value: { get_attr: [`value${index}`, 'value'] } };
  }
  for (let index = 0; index < 6; index += 1) {
    const content = index === 5 ? { get_param: 'password' } : publishedBy(index + 6);
    resources[`file${index}`] = {
      type: 'Local::File',
      properties: { path: join(filesIn(directory), `file${index}`), content },
    };
  }
  for (let index = 0; index < 2; index += 1) resources[`port${index}`] = { type: 'Local::Port' };
  resources.handle = { type: 'OS::Heat::WaitConditionHandle' };
  resources.condition = {
    type: 'OS::Heat::WaitCondition',
    properties: { handle: { get_resource: 'handle' }, timeout: 600, count: 3 },
  };
  resources.test = {
    type: 'OS::Heat::TestResource',
    properties: { value: `version ${version}`, fail: fails },
    depends_on: 'thing12',
  };
  outputs.signals = { value: { get_attr: ['condition', 'data'] } };
  outputs.password = { value: { get_param: 'password' } };
  outputs.test = { value: { get_attr: ['test', 'output'] } };
  return {
    heat_template_version: 'hotloom-1',
    parameters: { password: { type: 'string', hidden: true } },
    resources,
    outputs,
  };
}

/** An empty file is what a thing leaves that was deleted. */
export function isThing(file) {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

export function thingsIn(directory) {
  return join(directory, 'things');
}

export function filesIn(directory) {
  return join(directory, 'files');
}

function pause(clock, ms) {
  return new Promise((resolve) => void clock.schedule(ms, resolve, { keepAlive: true }));
}
