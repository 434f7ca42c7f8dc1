import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Engine } from '../../src/engine.ts';
import { messageOf } from '../../src/errors.ts';
import { processStart } from '../../src/process-identity.ts';
import { definePlainType } from '../../src/resource/resource-type.ts';
import { SimulatedClock, seededRandomness } from '../../src/simulated-clock.ts';
import type { StackDescription } from '../../src/stack/describe.ts';
import { claimWasLost } from '../../src/store/claim.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { Claimant, StackRecord } from '../../src/store/stack-store.ts';
import type { Json } from '../../src/values.ts';
import { KEY } from '../store/keys.ts';
import { storeUntilKill, withOwn } from './killed-engine.ts';

const TEMPLATE = `
heat_template_version: 2021-04-16
resources:
  handle: {type: OS::Heat::WaitConditionHandle}
  wait: {type: OS::Heat::WaitCondition, properties: {handle: {get_resource: handle}, count: 3, timeout: 600}}
  after: {type: OS::Heat::Value, properties: {value: {get_attr: [wait, data]}}}
outputs:
  data: {value: {get_attr: [after, value]}}
  url: {value: {get_attr: [handle, endpoint]}}
  token: {value: {get_attr: [handle, token]}}
`;
const COUNTED = '{"1": "a", "2": "b", "3": "c"}';

const signal = (engine: Engine, data: Json, stack = 's') =>
  engine.signal({ stack, resource: 'handle', data: { data } });

describe('an engine that is killed at any position of the journal while it is signalled', () => {
  test('has stored what it has acknowledged: another one goes on with exactly that', async () => {
    for (let limit = 1; ; limit += 1) {
      const store = new MemoryStore();
      const acknowledged: Json[] = [];
      const seen = storeUntilKill(store, limit);
      const clock = new SimulatedClock();
      const engine = new Engine({ clock, store: seen.store, randomness: seededRandomness(limit) });
      const done = engine.create({ stack: 's', template: TEMPLATE });
      const signalled = (async () => {
        await new Promise<void>((resolve) => void clock.schedule(1, resolve));
        for (const data of ['a', 'b', 'c']) {
          await signal(engine, data);
          acknowledged.push(data);
        }
      })();
      const result = await clock.run(
        Promise.race([Promise.all([done, signalled]).then(([stack]) => stack), seen.killed]),
      );
      if (!seen.isDead()) {
        expect(result).toMatchObject({ outputs: { data: COUNTED } });
        await clock.run(engine.close());
        return;
      }
      const next = new Engine({ clock, store, randomness: seededRandomness(-limit) });
      const before = await next.show('s').catch(() => undefined);
      if (before !== undefined) {
        const resumed = next.resume({ stack: 's' });
        await clock.advance(1);
        for (const data of ['a', 'b', 'c'].slice(acknowledged.length)) await clock.run(signal(next, data));
        const { outputs, state } = (await clock.run(resumed)) as StackDescription;
        expect({ limit, state, data: outputs.data }).toEqual({ limit, state: 'CREATE_COMPLETE', data: COUNTED });
      }
      await clock.run(next.close());
    }
  });
});

describe('a signal', () => {
  let directory: string;
  let engines: Engine[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hotloom-test-'));
    engines = [];
  });
  afterEach(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(directory, { recursive: true });
  });

  function open(options: ConstructorParameters<typeof Engine>[0] = {}): Engine {
    const engine = new Engine({ store: SqliteStore.open(join(directory, 'store.db')), ...options });
    engines.push(engine);
    return engine;
  }

  /** Resolves when a wait condition of the stack is blocked. */
  async function untilWaiting(engine: Engine, stack: string): Promise<void> {
    for await (const event of engine.events({ stack }))
      if (event.type === 'read:willBlock' && event.reader === 'wait') return;
  }

  test('reaches a stack that another engine on the same file works on, or nobody, and each stack its own', async () => {
    const [one, other] = [open(), open()];
    const blocked = ['s', 't'].map((stack) => untilWaiting(one, stack));
    const done = ['s', 't'].map((stack) => one.create({ stack, template: TEMPLATE }));
    await Promise.all(blocked);
    const texts = await Promise.all([...'abc'].map((data) => signal(other, data)));
    expect(texts).toEqual([1, 2, 3].map((number) => `Signal: status:SUCCESS reason:Signal ${number} received`));
    expect((await done[0])?.outputs.data).toBe(COUNTED);
    expect(await other.waiting('t')).toMatchObject([{ reader: 'wait', awaits: 'signals' }, { reader: 'after' }]);
    for (const data of 'abc') await signal(one, data, 't');
    expect((await done[1])?.outputs.data).toBe(COUNTED);
    // Nobody is at work any more, and both want to tell at once.
    const late = await Promise.all([...'defg'].map((data, index) => signal(index % 2 === 0 ? one : other, data)));
    expect(late.sort()).toEqual(
      [4, 5, 6, 7].map((number) => `Signal: status:SUCCESS reason:Signal ${number} received`),
    );
  });

  test('goes by the same URL when the next engine works on the stack; a port that is taken is told, and the rest works', async () => {
    const one = open();
    const blocked = untilWaiting(one, 's');
    const done = one.create({ stack: 's', template: TEMPLATE });
    await blocked;
    for (const data of 'abc') await signal(one, data);
    await done;
    const { url, token } = (await one.outputs('s')) as { url: string; token: string };
    const post = (data: Json) =>
      fetch(url, { method: 'POST', headers: { 'X-Auth-Token': token }, body: JSON.stringify({ data }) });
    expect((await post('d')).status).toBe(200);
    await one.close();
    await expect(post('e')).rejects.toThrow('fetch failed');

    const next = open();
    const again = untilWaiting(next, 's');
    const updated = next.update({ stack: 's', template: TEMPLATE.replace('count: 3', 'count: 5') });
    await again;
    expect((await post('e')).status).toBe(200);
    expect((await updated).outputs.data).toBe('{"1": "a", "2": "b", "3": "c", "4": "d", "5": "e"}');

    const third = open();
    const lines: string[] = [];
    third.onEvent((event) => event.type === 'resource:didLog' && lines.push(event.line));
    const { port } = new URL(url);
    const more = third.update({ stack: 's', template: TEMPLATE.replace('count: 3', 'count: 6') });
    await untilWaiting(third, 's');
    expect(lines).toEqual([
      `Signals cannot be taken at 127.0.0.1:${port}. Signal it by 'hotloom signal s handle' instead.`,
    ]);
    // The engine that has the port hands the signal to the one that works on the stack.
    expect((await post('f')).status).toBe(200);
    expect((await more).outputs.data).toContain('"6": "f"');
  });

  test('waits for the end of an action that takes none', async () => {
    const thing = definePlainType({
      name: 'Thing',
      properties: {},
      attributes: {},
      handler: { create: () => ({}), signal: (_, data) => ({ reason: `got ${JSON.stringify(data)}` }) },
    });
    const engine = open({ types: [thing] });
    await engine.create({ stack: 's', template: 'heat_template_version: 2021-04-16\nresources: {a: {type: Thing}}' });
    const checked = engine.check({ stack: 's' });
    expect(await engine.signal({ stack: 's', resource: 'a', data: [1] })).toBe('Signal: got [1]');
    expect((await checked).state).toBe('CHECK_COMPLETE');
    expect((await engine.storedEvents('s')).at(-1)?.event).toMatchObject({
      action: 'SIGNAL',
      reason: 'Signal: got [1]',
    });
  });

  describe('when the engine at work stands still', () => {
    let still: Server;
    let clock: SimulatedClock;
    let one: Engine;
    beforeEach(async () => {
      still = createServer();
      const socket = join(directory, 'still');
      still.unref();
      await new Promise<void>((resolve) => still.listen(socket, resolve));
      const store = new MemoryStore();
      clock = new SimulatedClock();
      one = new Engine({ clock, store });
      await clock.run(one.create({ stack: 's', template: 'heat_template_version: 2021-04-16' }));
      const [record] = store.listStacks();
      const claimant: Claimant = {
        engineId: 'another',
        host: hostname(),
        pid: process.pid,
        processStart: processStart(process.pid) ?? '',
        actor: 'ann',
        leaseMs: 1e9,
        observers: { socket, token: 'x' },
      };
      const claim = store.claim(record?.id as string, claimant);
      store.append(claim, [{ kind: 'stack', action: 'UPDATE', status: 'IN_PROGRESS', reason: '', time: 0 }]);
    });
    afterEach(async () => {
      await clock.run(one.close());
      still.close();
    });

    const process_ = `process ${process.pid} on ${hostname()}`;
    const stands = [
      "The engine that works on stack 's' has not answered for 5 s.",
      `  It is ${process_}, which is there and stands still: it is paused, or its machine is.`,
      `  Let it go on (kill -CONT ${process.pid}): then it does what it was asked. Or end it (kill -KILL ${process.pid}), and resume the stack.`,
    ];
    test.each<{ what: string; ask: () => Promise<unknown>; lines: readonly string[]; ms: number }>([
      {
        what: 'a signal is given up, and said to be unknown',
        ask: () => one.signal({ stack: 's', resource: 'a' }),
        lines: [
          "The engine that works on stack 's' got the signal to 'a' and has not answered.",
          `  It is ${process_}, has ended or stands still, and nobody can tell whether it has stored the signal.`,
          '  Look at the events of the stack, and send the signal again if it is not there. One with an id counts once.',
        ],
        ms: 30_000,
      },
      { what: 'the question who waits is given up', ask: () => one.waiting('s'), lines: stands, ms: 5_000 },
      { what: 'a cancel is given up', ask: () => one.cancel({ stack: 's' }), lines: stands, ms: 5_000 },
    ])('$what, and its process is named', async ({ ask, lines, ms }) => {
      const begun = clock.now();
      const text = await clock.run(ask().then(String, (error: Error) => error.message));
      expect(text).toBe(lines.join('\n'));
      expect(clock.now() - begun).toBe(ms);
    });
  });

  describe('whose engine loses the stack before it is stored', () => {
    const HANDLE = TEMPLATE.replace(/ {2}wait:.*\n {2}after:.*\n/, '').replace(/ {2}data:.*\n/, '');
    /** The claim is lost at each batch that is to be stored while `isLost` says so. */
    const losing = (isLost: () => boolean) => {
      const store = new MemoryStore();
      const clock = new SimulatedClock();
      const seen = withOwn(store, {
        append: (claim, changes) => {
          if (isLost()) throw claimWasLost(claim, { stack: 's', fence: claim.fence + 1, holder: undefined });
          store.append(claim, changes);
        },
      });
      return { store, clock, engine: new Engine({ clock, store: seen }) };
    };

    test.each([
      { what: 'which is at work on it', template: TEMPLATE },
      { what: 'and was not at work on it', template: HANDLE },
    ])('$what, is delivered all the same, and once', async ({ template }) => {
      let losses = 0;
      const { store, clock, engine } = losing(() => losses-- > 0);
      const created = engine.create({ stack: 's', template }).catch(messageOf);
      await clock.advance(1);
      losses = 1;
      expect(await clock.run(signal(engine, 'a'))).toBe('Signal: status:SUCCESS reason:Signal 1 received');
      await clock.run(created);
      const { id } = store.listStacks()[0] as StackRecord;
      expect(Object.keys(store.resources(id).find(({ name }) => name === 'handle')?.metadata ?? {})).toEqual(['1']);
      await clock.run(engine.close());
    });

    test('again and again, is refused in the end, and its sender is told what to do', async () => {
      let isLost = false;
      const { clock, engine } = losing(() => isLost);
      await clock.run(engine.create({ stack: 's', template: HANDLE }));
      isLost = true;
      const text = await clock.run(signal(engine, 'a').catch((error: Error) => error.message));
      expect(text).toBe(`The signal to 'handle' of stack 's' was not delivered.
  Each engine that was to store it has lost the stack to another one, for 30 s.
  Nothing of it is stored: send it again when the stack is at rest.`);
      isLost = false;
      await clock.run(engine.close());
    });
  });

  test.each(['its signal', 'the engine is closed'])(
    'that waits for somebody else ends when %s says so',
    async (how) => {
      const store = new MemoryStore();
      const clock = new SimulatedClock();
      const one = new Engine({ clock, store });
      await clock.run(one.create({ stack: 's', template: 'heat_template_version: 2021-04-16' }));
      const [record] = store.listStacks();
      // It has the stack, and cannot be asked.
      store.claim(record?.id as string, {
        engineId: 'another',
        host: hostname(),
        pid: process.pid,
        processStart: processStart(process.pid) ?? '',
        actor: 'ann',
        leaseMs: 1e9,
      });
      const stop = new AbortController();
      const done = one.signal({ stack: 's', resource: 'a', signal: stop.signal }).catch(messageOf);
      await clock.advance(1000);
      const isClosed = how === 'its signal' ? stop.abort(new Error('stop')) : one.close();
      const [text] = await clock.run(Promise.all([done, isClosed]));
      expect(text).toBe(how === 'its signal' ? 'stop' : 'The engine was closed.');
      expect(clock.now()).toBeLessThan(1100);
      await clock.run(one.close());
    },
  );

  test('goes by its URL to the resource that has the token, whatever name that has by now', async () => {
    const engine = open();
    const handle = { type: 'OS::Heat::WaitConditionHandle' };
    const template = (name: string) => ({
      heat_template_version: 'hotloom-1',
      resources: { [name]: handle },
      outputs: { url: { value: { get_attr: [name, 'endpoint'] } }, token: { value: { get_attr: [name, 'token'] } } },
    });
    await engine.create({ stack: 's', template: template('old') });
    const { url, token } = (await engine.outputs('s')) as { url: string; token: string };
    await engine.update({ stack: 's', template: { ...template('new'), moved: [{ from: 'old', to: 'new' }] } });
    const post = () => fetch(url, { method: 'POST', headers: { 'X-Auth-Token': token } });
    expect((await post()).status).toBe(200);
    const told = (await engine.storedEvents('s')).at(-1)?.event;
    expect(told).toMatchObject({ resource: 'new', action: 'SIGNAL' });
    // What leaves for another store keeps its signals and its URL.
    const data = await engine.abandon('s');
    expect(data.resources.new?.metadata).toEqual({ 1: { data: null, reason: 'Signal 1 received', status: 'SUCCESS' } });
    expect((await post()).status).toBe(401);
    await engine.adopt({ stack: 's', data });
    expect(await (await post()).json()).toEqual({ signal: 'Signal: status:SUCCESS reason:Signal 2 received' });
  });

  test("leaves no token in the store's file when there is a key; the next engine with the key knows it", async () => {
    const template = `
heat_template_version: 2021-04-16
resources:
  handle: {type: OS::Heat::WaitConditionHandle}
  url: {type: AWS::CloudFormation::WaitConditionHandle}
outputs:
  token: {value: {get_attr: [handle, token]}}
  curl: {value: {get_attr: [handle, curl_cli]}}
  url: {value: {get_resource: url}}
`;
    const encryption = { keys: [KEY] };
    const one = open({ encryption });
    const lines: string[] = [];
    one.onEvent((event) => lines.push(JSON.stringify(event)));
    const masked = (await one.create({ stack: 's', template })).outputs;
    expect(masked).toEqual({ token: '******', curl: '******', url: '******' });
    const outputs = await one.outputs('s');
    const url = new URL(outputs.url as string);
    const tokens = [outputs.token as string, url.searchParams.get('token') as string];
    for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{64}$/);
    await one.close();
    const kept = readdirSync(directory)
      .map((file) => readFileSync(join(directory, file), 'latin1'))
      .join('');
    for (const token of tokens) {
      expect(kept).not.toContain(token);
      expect(lines.join()).not.toContain(token);
    }
    const next = open({ encryption });
    await next.update({ stack: 's', template });
    const aws = { Status: 'SUCCESS', UniqueId: '1', Data: '', Reason: 'up' };
    expect((await fetch(url, { method: 'PUT', body: JSON.stringify(aws) })).status).toBe(200);
    expect((await next.storedEvents('s')).at(-1)?.event).toMatchObject({ resource: 'url', action: 'SIGNAL' });
  });

  test('that a handler does not take leaves nothing behind', async () => {
    const thing = definePlainType({
      name: 'Thing',
      properties: {},
      attributes: {},
      handler: {
        create: () => ({}),
        signal: () => {
          throw new Error('not today');
        },
      },
    });
    const engine = open({ types: [thing] });
    await engine.create({ stack: 's', template: 'heat_template_version: 2021-04-16\nresources: {a: {type: Thing}}' });
    const before = await engine.storedEvents('s');
    const text = await engine.signal({ stack: 's', resource: 'a' }).catch(messageOf);
    expect(text).toBe('Error: resources.a: not today');
    expect(await engine.storedEvents('s')).toEqual(before);
  });
});
