import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { type HotloomError, isHotloomError } from '../errors.ts';
import type { ResourceEvent, StackEvent } from '../events.ts';
import type { DeclaredNames, Name } from '../names.ts';
import { processStart } from '../process-identity.ts';
import type {
  Claim,
  Claimant,
  ResourceRecord,
  SnapshotRecord,
  StackRecord,
  StackStore,
  StoreChange,
} from '../store/stack-store.ts';
import type { Json } from '../values.ts';
import type { ContractCase } from './contract-case.ts';

/**
 * The rules that every stack store keeps. `make` is called once per case and gives an empty store, which the case closes;
 * it measures leases by `now`, in milliseconds. A store whose clock is a server's adds to that how far `now` has come.
 * What a store has to do beyond that (outlive a crash, be shared by processes) depends on where it keeps its stacks.
 */
export function stackStoreContract(
  make: (now: () => number) => StackStore | Promise<StackStore>,
): readonly ContractCase[] {
  return RULES.map(([name, rule]) => ({
    name,
    run: async () => {
      let now = 1_000_000;
      const store = await make(() => now);
      try {
        await rule(store, (ms) => {
          now += ms;
        });
      } finally {
        await store.close();
      }
    },
  }));
}

/** `pass` lets time pass, by the store's clock (ms). */
type Rule = readonly [name: string, rule: (store: StackStore, pass: (ms: number) => void) => Promise<void>];

const RULES: readonly Rule[] = [
  // --- stacks ---

  [
    'an empty store has no stacks, names, readers or holders',
    async (store) => {
      assert.deepEqual(await store.listStacks(), []);
      assert.equal(await store.findStack('default', 'app'), undefined);
      assert.equal(await store.find(ADDRESS), undefined);
      assert.equal(await store.holder(uuid(1)), undefined);
      assert.deepEqual(await store.readersOf('default', 'app'), []);
      for (const list of [
        store.resources(uuid(1)),
        store.values(uuid(1)),
        store.events(uuid(1)),
        store.history(uuid(1)),
      ]) {
        assert.deepEqual(await list, []);
      }
    },
  ],
  [
    'a hook that is reached, cleared or given up is one of its stack until all of them are gone',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const hook = (
        resource: string,
        name: 'pre-create' | 'post-create',
        isCleared: boolean | undefined,
      ): StoreChange => {
        const state = isCleared === undefined ? undefined : { since: 7, isCleared };
        return { kind: 'hook', resource, hook: name, state };
      };
      const hooks = async () => (await store.findStack('default', 'app'))?.hooks ?? {};
      await store.append(claim, [hook('a.b', 'pre-create', false), hook('web', 'pre-create', false)]);
      await store.append(claim, [hook('web', 'pre-create', true), hook('web', 'post-create', false)]);
      await store.append(claim, [hook('a.b', 'pre-create', undefined), hook('new', 'pre-create', undefined)]);
      const reached = { 'pre-create': { since: 7, isCleared: true }, 'post-create': { since: 7, isCleared: false } };
      assert.deepEqual(await hooks(), { 'a.b': {}, new: {}, web: reached });
      await store.append(claim, [{ kind: 'stack', action: 'CREATE', status: 'COMPLETE', reason: '', time: 1 }]);
      assert.deepEqual((await hooks()).web, reached);
      await store.append(claim, [{ kind: 'hooksGone' }]);
      assert.deepEqual(await hooks(), {});
    },
  ],
  [
    'a stack is found as it was created',
    async (store) => {
      const record = stack('app', {
        template: { heat_template_version: 'hotloom-1', resources: { web: { type: 'T', properties: { n: null } } } },
        files: { 'script.sh': '#!/bin/sh\nprintf "\\0"\n' },
        parameters: { size: 3, tags: ['a', 'b'], flag: false },
        environment: { resource_registry: { 'My::Type': 'OS::Heat::Value' } },
        rollback: true,
        tags: ['prod', 'a b'],
        moved: [{ from: 'old', to: 'web' }],
      });
      await store.createStack(record, LIVE);
      assert.deepEqual(plain(await store.findStack('default', 'app')), record);
      assert.equal(await store.findStack('other', 'app'), undefined);
    },
  ],
  [
    'a second stack of the name is refused by StackExists, in the same space only',
    async (store) => {
      await store.createStack(stack('app'), LIVE);
      const error = await refusal(() => store.createStack(stack('app', { id: uuid(2) }), LIVE), 'StackExists');
      assert.match(error.message, /app/);
      await store.createStack(stack('app', { id: uuid(3), space: 'other' }), LIVE);
      assert.equal((await store.listStacks()).length, 2);
    },
  ],
  [
    'stacks are listed by space and name',
    async (store) => {
      const made = [
        ['b', 'x'],
        ['a', 'z'],
        ['b', 'a'],
        ['a', 'y.1'],
      ] as const;
      for (const [index, [space, name]] of made.entries()) {
        await store.createStack(stack(name, { id: uuid(index), space }), LIVE);
      }
      const listed = (await store.listStacks()).map(({ space, name }) => `${space} ${name}`);
      assert.deepEqual(listed, ['a y.1', 'a z', 'b a', 'b x']);
    },
  ],
  [
    'the state and the outputs of a stack change, and nothing else of it does',
    async (store) => {
      const record = stack('app');
      const claim = await store.createStack(record, LIVE);
      const outputs = {
        url: { description: 'where', value: { deep: [1, null] }, error: undefined },
        bad: { description: undefined, value: null, error: 'no such attribute' },
      };
      await store.append(claim, [
        { kind: 'outputs', outputs },
        { kind: 'stack', action: 'CREATE', status: 'COMPLETE', reason: 'odd: \u0000 \ud800 "\\ \u{1f600}', time: 77 },
      ]);
      assert.deepEqual(plain(await store.findStack('default', 'app')), {
        ...record,
        action: 'CREATE',
        status: 'COMPLETE',
        reason: 'odd: \u0000 \ud800 "\\ \u{1f600}',
        updatedAt: 77,
        outputs,
      });
    },
  ],
  [
    'an update changes what a stack is to be and what it declares, and keeps what it was, and nothing else of it does',
    async (store) => {
      const record = stack('app', { parameters: { size: 1 }, tags: ['old'] });
      const claim = await store.createStack(record, LIVE, DECLARED);
      const previous = {
        template: {},
        files: {},
        parameters: { size: 1 },
        environment: {},
        namesBefore: { db: 'base' },
        moved: [{ from: 'first', to: 'base' }],
      };
      const moved = [{ from: 'base', to: 'db' }];
      const definition = {
        template: { resources: { db: { type: 'T' } } },
        files: { 'a.sh': 'true' },
        parameters: { size: 2 },
        environment: { parameter_defaults: { x: 1 } },
      };
      const change = {
        kind: 'definition',
        definition,
        previous,
        declared: new Map([['db', ['url']]]),
        rollback: true,
        moved,
      };
      await store.append(claim, [change as StoreChange, STACK_COMPLETE]);
      assert.deepEqual(plain(await store.findStack('default', 'app')), {
        ...record,
        ...definition,
        previous,
        rollback: true,
        moved,
        status: 'COMPLETE',
        reason: '',
        updatedAt: 9,
      });
      await store.append(claim, [{ ...change, tags: ['new', 'newer'] } as StoreChange]);
      assert.deepEqual((await store.findStack('default', 'app'))?.tags, ['new', 'newer']);
      await store.append(claim, [{ ...change, tags: [] } as StoreChange]);
      assert.deepEqual((await store.findStack('default', 'app'))?.tags, []);
      await store.append(claim, [{ ...change, moved: undefined } as StoreChange]);
      assert.equal((await store.findStack('default', 'app'))?.moved, undefined);
      await store.writeOutside(ADDRESS, 1);
      await refusal(() => store.writeOutside(['default', 'app', 'db', 'url'], 1), 'NotTheWriter');
      await store.append(claim, [{ ...change, declared: undefined } as StoreChange]);
      await assert.rejects(async () => store.writeOutside(['default', 'app', 'db', 'url'], 1), {
        code: 'NotTheWriter',
      });
      const back = { ...change, declared: DECLARED } as StoreChange;
      await refusal(() => store.append(claim, [back]), 'ConflictingWrite');
    },
  ],
  [
    'of two resources of one name, one replaced by the other, each has its values, and events tell their name',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE, DECLARED);
      const { record } = resource('web', { status: 'COMPLETE', properties: { size: 1 } });
      await store.append(claim, [{ kind: 'resource', record, values: { address: 'old' }, isEvent: true }]);
      const replaced = { ...record, name: 'web//1', replacedName: 'web' };
      await store.append(claim, [
        { kind: 'resourceGone', resource: 'web' },
        { kind: 'resource', record: replaced, values: { address: 'old' }, isEvent: true },
        resource('web', { token: uuid(501) }),
        value('web', 'address', 'new'),
      ]);
      assert.deepEqual(await store.resources(claim.stackId), [replaced, resource('web', { token: uuid(501) }).record]);
      assert.deepEqual(await store.find(ADDRESS), { value: 'new' });
      const told = await store.events(claim.stackId);
      assert.deepEqual(
        told.map((each) => (each.event.type === 'resource' ? each.event.resource : undefined)),
        ['web', 'web'],
      );
    },
  ],
  [
    'resources of one batch that take the names of each other have their own values under the new names',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE, DECLARED);
      const made = (name: string) => resource(name, { status: 'COMPLETE', token: uuid(600 + name.length) });
      const names = ['a', 'bb', 'ccc'];
      await store.append(
        claim,
        names.map((name) => ({ ...made(name), values: { was: name } })),
      );
      await store.append(claim, [value('a', 'late', 1)]);
      const after = new Map([
        ['a', 'bb'],
        ['bb', 'ccc'],
        ['ccc', 'a'],
      ]);
      await store.append(claim, [
        ...names.map((name) => ({ kind: 'resourceGone', resource: name }) as const),
        ...[...after].map(([before, now]) => ({
          kind: 'resource' as const,
          record: { ...made(before).record, name: now },
          values: { was: before, ...(before === 'a' ? { late: 1 } : {}) },
        })),
      ]);
      for (const [before, now] of after) {
        assert.deepEqual(await store.find(['default', 'app', now, 'was']), { value: before });
        const record = (await store.resources(claim.stackId)).find(({ name }) => name === now);
        assert.equal(record?.token, made(before).record.token);
      }
      assert.deepEqual(await store.find(['default', 'app', 'bb', 'late']), { value: 1 });
      assert.equal(await store.find(['default', 'app', 'a', 'late']), undefined);
      assert.equal((await store.resources(claim.stackId)).length, 3);
    },
  ],
  [
    'a removed stack leaves nothing: no records, no claim, no traces of its reads; values from outside stay',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.writeOutside(APPROVED, true);
      await store.append(claim, [
        resource('web'),
        value('web', 'address', 'a'),
        { kind: 'read', name: ['default', 'db', 'main', 'address'], value: 1 },
        event('web'),
      ]);
      await store.removeStack(claim);
      assert.deepEqual(await store.listStacks(), []);
      assert.deepEqual(await store.resources(claim.stackId), []);
      assert.deepEqual(await store.values(claim.stackId), []);
      assert.deepEqual(await store.events(claim.stackId), []);
      assert.deepEqual(await store.readersOf('default', 'db'), []);
      assert.equal(await store.find(ADDRESS), undefined);
      assert.equal(await store.holder(claim.stackId), undefined);
      assert.deepEqual(await store.find(APPROVED), { value: true });
      await refusal(() => store.append(claim, [resource('web')]), 'ClaimLost');
      await refusal(() => store.claim(claim.stackId, LIVE), 'EntityNotFound');
      const again = await store.createStack(stack('app', { id: uuid(2) }), LIVE);
      assert.deepEqual(await store.resources(again.stackId), []);
      await refusal(() => store.append(claim, [resource('web')]), 'ClaimLost');
    },
  ],

  // --- batches ---

  [
    'resources come in the order in which they were first stored, each as it was stored last',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const first = resource('zeta');
      const complete = resource('zeta', {
        status: 'COMPLETE',
        resourceId: 'id-1',
        data: { pid: 12, nested: { list: [1, null, ''] } },
        requires: ['alpha', 'a.b'],
        deletionPolicy: 'Retain',
      });
      const second = resource('alpha', { reason: 'why \u0000 not' });
      await store.append(claim, [first, second]);
      await store.append(claim, [complete]);
      assert.deepEqual(await store.resources(claim.stackId), [complete.record, second.record]);
    },
  ],
  [
    'within a batch later changes come after earlier ones',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.append(claim, [
        resource('web'),
        value('web', 'address', 'old'),
        { kind: 'resourceGone', resource: 'web' },
        resource('web', { status: 'COMPLETE' }),
        value('web', 'port', 1),
        value('web', 'port', 2),
        { kind: 'resourceGone', resource: 'never' },
      ]);
      assert.deepEqual(
        (await store.resources(claim.stackId)).map(({ name, status }) => [name, status]),
        [['web', 'COMPLETE']],
      );
      assert.deepEqual(await store.values(claim.stackId), [{ resource: 'web', attribute: 'port', value: 2 }]);
    },
  ],
  [
    'a resource that is gone takes its values along',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.append(claim, [
        resource('web'),
        value('web', 'address', 'a'),
        resource('db'),
        value('db', 'port', 1),
      ]);
      await store.append(claim, [{ kind: 'resourceGone', resource: 'web' }]);
      assert.deepEqual(await store.values(claim.stackId), [{ resource: 'db', attribute: 'port', value: 1 }]);
      assert.equal(await store.find(ADDRESS), undefined);
    },
  ],
  [
    'a step of a resource carries the values that it publishes and is an event; a later one takes their place',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const values = { address: null, 'o.d\\d "\u0000': [1, { a: '\ud800' }], ...JSON.parse('{"__proto__": 1}') };
      const step = resource('web', { status: 'COMPLETE', resourceId: 'id-1' });
      await store.append(claim, [
        { ...resource('web'), isEvent: true },
        value('web', 'early', 1),
        value('web', 'port', 'early'),
        STACK_COMPLETE,
        { ...step, values, isEvent: true },
        resource('db'),
      ]);
      for (const attribute of Object.keys(values)) {
        assert.deepEqual(await store.find(['default', 'app', 'web', attribute]), { value: values[attribute] });
      }
      assert.deepEqual(await store.find(['default', 'app', 'web', 'early']), { value: 1 });
      assert.deepEqual(
        (await store.events(claim.stackId)).map(({ event: told }) => told),
        [
          event('web', { time: step.record.updatedAt }).event,
          event('web', { time: step.record.updatedAt, resourceId: 'id-1', status: 'COMPLETE' }).event,
        ],
      );
      await store.append(claim, [{ ...step, values: { port: 80, late: 2 } }]);
      await store.append(claim, [step]);
      assert.deepEqual(
        Object.fromEntries((await store.values(claim.stackId)).map((each) => [each.attribute, each.value])),
        // What was published by itself has its own life.
        { early: 1, port: 'early', late: 2 },
      );
      assert.equal(await store.find(ADDRESS), undefined);
      await refusal(() => store.writeOutside(['default', 'app', 'web', 'late'], 3), 'NotTheWriter');
      const bad = { ...step, values: { a: 1, b: Number.NaN } };
      await refusal(() => store.append(claim, [bad]), 'NotJson');
      await store.append(claim, [{ kind: 'resourceGone', resource: 'web' }]);
      assert.deepEqual(await store.values(claim.stackId), []);
    },
  ],
  [
    'a batch with a bad change stores nothing',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const bad: readonly (readonly [StoreChange, string])[] = [
        [value('web', 'address', Number.NaN), 'NotJson'],
        [value('web', 'address', undefined as unknown as Json), 'NotJson'],
        [{ kind: 'read', name: ADDRESS, value: (() => 1) as unknown as Json }, 'NotJson'],
        [resource('db', { data: { at: new Date(0) as unknown as Json } }), 'NotJson'],
        [{ kind: 'nonsense' } as unknown as StoreChange, 'InternalError'],
      ];
      for (const [change, code] of bad) {
        const batch = [resource('web'), value('web', 'port', 1), event('web'), STACK_COMPLETE, change];
        await refusal(() => store.append(claim, batch), code);
      }
      assert.deepEqual(await store.resources(claim.stackId), []);
      assert.deepEqual(await store.values(claim.stackId), []);
      assert.deepEqual(await store.events(claim.stackId), []);
      assert.equal((await store.findStack('default', 'app'))?.status, 'IN_PROGRESS');
      await store.append(claim, [resource('web')]);
      assert.equal((await store.resources(claim.stackId)).length, 1);
    },
  ],
  [
    'an empty batch is nothing, but still asks for the claim',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.append(claim, []);
      await store.release(claim);
      await refusal(() => store.append(claim, []), 'ClaimLost');
    },
  ],
  [
    'values come back as they were: falsy, deep, large, with odd characters, and __proto__ as a key',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      let deep: Json = 'end';
      for (let level = 0; level < 60; level += 1) deep = level % 2 === 0 ? [deep] : { inner: deep };
      const values: readonly Json[] = [
        null,
        false,
        true,
        0,
        '',
        [],
        {},
        -1.5e-7,
        2 ** 53,
        'x'.repeat(300_000),
        deep,
        '\u0000 \u{1f600} \ud800 \u2028 "\\',
        JSON.parse('{"__proto__": {"a": 1}}'),
      ];
      await store.append(
        claim,
        values.map((each, index) => value('web', String(index), each)),
      );
      for (const [index, each] of values.entries()) {
        assert.deepEqual(await store.find(['default', 'app', 'web', String(index)]), { value: each });
      }
      assert.equal((await store.values(claim.stackId)).length, values.length);
    },
  ],
  [
    'names with dots, NUL, __proto__ and other odd segments are told apart and come back',
    async (store) => {
      const segments = [
        'a.b',
        'a',
        'b',
        '__proto__',
        'constructor',
        'a/b',
        'a\\.b',
        '\\u0061',
        'a\u0000b',
        'a\ud800',
        '"',
        'é',
        '\u{1f600}',
      ];
      const claim = await store.createStack(stack('odd.\u0000\\', { space: '__proto__' }), LIVE);
      await store.append(
        claim,
        segments.map((segment) => resource(segment)),
      );
      await store.append(
        claim,
        segments.flatMap((one) => segments.map((two) => value(one, two, `${one} ${two}`))),
      );
      for (const one of segments) {
        for (const two of segments) {
          assert.deepEqual(await store.find(['__proto__', 'odd.\u0000\\', one, two]), { value: `${one} ${two}` });
          await store.writeOutside(['__proto__', 'free', one, two], `${one} ${two}`);
        }
      }
      assert.deepEqual(await store.find(['__proto__', 'free', 'a.b', 'a']), { value: 'a.b a' });
      assert.deepEqual(
        (await store.resources(claim.stackId)).map(({ name }) => name),
        segments,
      );
      assert.ok(
        (await store.values(claim.stackId)).every(
          ({ resource, attribute, value }) => value === `${resource} ${attribute}`,
        ),
      );
      assert.equal((await store.findStack('__proto__', 'odd.\u0000\\'))?.name, 'odd.\u0000\\');
    },
  ],

  // --- events ---

  [
    'events come in the order in which they were stored, with growing sequences, by stack',
    async (store) => {
      const one = await store.createStack(stack('one', { id: uuid(1) }), LIVE);
      const two = await store.createStack(stack('two', { id: uuid(2) }), LIVE);
      const told: StackEvent = {
        type: 'stack',
        time: 5,
        space: 'default',
        stack: 'one',
        action: 'CREATE',
        status: 'COMPLETE',
        reason: 'told',
      };
      await store.append(one, [event('a'), { kind: 'event', event: told }]);
      await store.append(two, [event('b', { resourceId: 'id-7' })]);
      await store.append(one, [event('c')]);
      const events = await store.events(one.stackId);
      assert.deepEqual(
        events.map((each) => each.event),
        [event('a').event, told, event('c').event],
      );
      assert.deepEqual((await store.events(two.stackId))[0]?.event, event('b', { resourceId: 'id-7' }).event);
      const sequences = events.map(({ sequence }) => sequence);
      assert.deepEqual(
        sequences,
        [...sequences].sort((a, b) => a - b),
      );
      assert.equal(new Set(sequences).size, 3);
      assert.deepEqual(
        (await store.events(one.stackId, sequences[1])).map(({ sequence }) => sequence),
        [sequences[2]],
      );
      assert.deepEqual(await store.events(one.stackId, sequences[2]), []);
    },
  ],
  [
    'the newest 1,000 events of a stack are kept',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const other = await store.createStack(stack('other', { id: uuid(2) }), LIVE);
      await store.append(other, [event('kept')]);
      for (let batch = 0; batch < 25; batch += 1) {
        await store.append(
          claim,
          Array.from({ length: 100 }, (_, index) => event(`r${batch * 100 + index}`)),
        );
      }
      const names = (await store.events(claim.stackId)).map((each) => (each.event as ResourceEvent).resource);
      assert.deepEqual(
        names,
        Array.from({ length: 1000 }, (_, index) => `r${1500 + index}`),
      );
      assert.equal((await store.events(other.stackId)).length, 1);
    },
  ],

  // --- claims ---

  [
    'a stack is claimed by one engine at a time; the refusal names the holder and what to do',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const error = await refusal(() => store.claim(claim.stackId, OTHER_ENGINE), 'ActionInProgress');
      assert.match(error.message, new RegExp(`app.*${LIVE.pid}.*kill ${LIVE.pid}`, 's'));
      assert.deepEqual(await store.holder(claim.stackId), LIVE);
      await store.release(claim);
      assert.equal(await store.holder(claim.stackId), undefined);
      const next = await store.claim(claim.stackId, OTHER_ENGINE);
      assert.ok(next.fence > claim.fence);
      assert.deepEqual(await store.holder(claim.stackId), OTHER_ENGINE);
    },
  ],
  [
    'an engine that is at work on a stack is busy for itself too',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await refusal(() => store.claim(claim.stackId, LIVE), 'ActionInProgress');
    },
  ],
  [
    'a claim holds as long as its lease, whatever else is known of the holder, and each renewal and each batch begins it anew',
    async (store, pass) => {
      const claim = await store.createStack(stack('app'), AWAY);
      const signs = [
        () => store.renew(claim),
        () => store.append(claim, [resource('web')]),
        () => store.append(claim, []),
      ];
      for (const giveSign of signs) {
        pass(AWAY.leaseMs - 1);
        await giveSign();
      }
      pass(AWAY.leaseMs - 1);
      assert.deepEqual(await store.holder(claim.stackId), AWAY);
      const error = await refusal(() => store.claim(claim.stackId, LIVE), 'ActionInProgress');
      assert.match(error.message, /free 20 s after its last sign of life/);
      pass(1);
      assert.equal(await store.holder(claim.stackId), undefined);
    },
  ],
  [
    'a claim whose lease is over is taken over, also from a process that lives, and is refused whatever it does',
    async (store, pass) => {
      for (const [index, holder] of [AWAY, LIVE].entries()) {
        const late = await store.createStack(stack(`app${index}`, { id: uuid(index) }), holder);
        pass(holder.leaseMs);
        const claim = await store.claim(late.stackId, OTHER_ENGINE);
        assert.ok(claim.fence > late.fence);
        const acts = [
          () => store.append(late, [resource('late')]),
          () => store.append(late, []),
          () => store.renew(late),
          () => store.removeStack(late),
        ];
        for (const act of acts) {
          const error = await refusal(act, 'ClaimLost');
          assert.match(error.message, new RegExp(`app${index}.*${OTHER_ENGINE.pid} on .*taken the stack over`, 's'));
        }
        await store.release(late);
        assert.deepEqual(await store.holder(claim.stackId), OTHER_ENGINE, 'a late release does not free the stack');
        pass(OTHER_ENGINE.leaseMs - 1);
        await refusal(() => store.claim(claim.stackId, holder), 'ActionInProgress');
        assert.deepEqual(await store.resources(claim.stackId), []);
      }
    },
  ],
  [
    'a claim whose lease is over still writes, as long as nobody has come, and holds again after that',
    async (store, pass) => {
      const claim = await store.createStack(stack('app'), LIVE);
      pass(10 * LIVE.leaseMs);
      await store.append(claim, [resource('web')]);
      await refusal(() => store.claim(claim.stackId, OTHER_ENGINE), 'ActionInProgress');
      pass(10 * LIVE.leaseMs);
      await store.renew(claim);
      await refusal(() => store.claim(claim.stackId, OTHER_ENGINE), 'ActionInProgress');
    },
  ],
  [
    'the lease is the one that the holder has asked for',
    async (store, pass) => {
      const { stackId } = await store.createStack(stack('app'), { ...LIVE, leaseMs: 5 });
      pass(5);
      await store.claim(stackId, OTHER_ENGINE);
      pass(5);
      await refusal(() => store.claim(stackId, LIVE), 'ActionInProgress');
    },
  ],
  [
    'a claim that was released is not renewed',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.release(claim);
      await refusal(() => store.renew(claim), 'ClaimLost');
      assert.equal(await store.holder(claim.stackId), undefined);
    },
  ],
  [
    'an engine on another host counts as alive until its lease is over',
    async (store) => {
      const { stackId } = await store.createStack(stack('app'), { ...DEAD, host: 'elsewhere.invalid' });
      const error = await refusal(() => store.claim(stackId, LIVE), 'ActionInProgress');
      assert.match(error.message, /elsewhere\.invalid/);
      assert.doesNotMatch(error.message, /kill/);
    },
  ],
  [
    'an engine in another container counts as alive until its lease is over: its pid says nothing here',
    async (store, pass) => {
      const { stackId } = await store.createStack(stack('app'), { ...DEAD, pidNamespace: 'pid:[1]' });
      const error = await refusal(() => store.claim(stackId, LIVE), 'ActionInProgress');
      assert.doesNotMatch(error.message, /kill/);
      pass(DEAD.leaseMs);
      await store.claim(stackId, LIVE);
    },
  ],
  [
    'the stack of a dead engine is taken over, and a write that comes late from there is refused',
    async (store) => {
      const late = await store.createStack(stack('app'), DEAD);
      assert.equal(await store.holder(late.stackId), undefined);
      await store.append(late, [resource('before')]);
      const claim = await store.claim(late.stackId, LIVE);
      assert.ok(claim.fence > late.fence);
      const error = await refusal(() => store.append(late, [resource('late')]), 'ClaimLost');
      assert.match(error.message, new RegExp(`lost.*${LIVE.pid}`, 's'));
      await refusal(() => store.removeStack(late), 'ClaimLost');
      await store.release(late);
      assert.deepEqual(await store.holder(claim.stackId), LIVE, 'a late release does not free the stack');
      await store.append(claim, [resource('after')]);
      assert.deepEqual(
        (await store.resources(claim.stackId)).map(({ name }) => name),
        ['before', 'after'],
      );
    },
  ],
  [
    'a recycled pid is not taken for the dead engine',
    async (store) => {
      const { stackId } = await store.createStack(stack('app'), { ...LIVE, processStart: 'another start' });
      await store.claim(stackId, OTHER_ENGINE);
    },
  ],
  [
    'a released claim writes no more, and releasing it twice is nothing',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.release(claim);
      await store.release(claim);
      await refusal(() => store.append(claim, [resource('web')]), 'ClaimLost');
      await refusal(() => store.removeStack(claim), 'ClaimLost');
      const next = await store.claim(claim.stackId, LIVE);
      await store.release(claim);
      await store.append(next, [resource('web')]);
      await refusal(() => store.append(claim, [resource('web')]), 'ClaimLost');
    },
  ],
  [
    'a claim of a stack that is not there is an EntityNotFound',
    async (store) => {
      await refusal(() => store.claim(uuid(9), LIVE), 'EntityNotFound');
    },
  ],
  [
    'of many that claim a free stack one gets it',
    async (store) => {
      const { stackId } = await store.createStack(stack('app'), DEAD);
      const tries = Array.from({ length: 20 }, async (_, index): Promise<Claim> => {
        return store.claim(stackId, { ...LIVE, engineId: uuid(100 + index) });
      });
      const outcomes = await Promise.allSettled(tries);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    },
  ],

  // --- history ---

  [
    'the history tells each operation as its changes have told it: by whom, when, to which end, and to what',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      assert.deepEqual(await store.history(claim.stackId), []);
      const started = { kind: 'stack', action: 'CREATE', status: 'IN_PROGRESS', reason: 'started', time: 5 } as const;
      const complete = { ...resource('web', { status: 'COMPLETE' }), isEvent: true };
      await store.append(claim, [started, { ...resource('web'), isEvent: true }]);
      await store.append(claim, [complete]);
      const { actor, host, pid } = LIVE;
      const operation = { number: 1, action: 'CREATE', startedAt: 5, actor, host, pid, fence: claim.fence };
      const changes = { created: { count: 1, names: ['web'] } };
      assert.deepEqual(await store.history(claim.stackId), [
        { ...operation, status: 'IN_PROGRESS', reason: 'started', endedAt: undefined, changes },
      ]);
      await store.append(claim, [{ ...STACK_COMPLETE, reason: 'done' } as StoreChange]);
      const first = { ...operation, status: 'COMPLETE', reason: 'done', endedAt: 9, changes };
      assert.deepEqual(await store.history(claim.stackId), [first]);
      await store.release(claim);
      const next = await store.claim(claim.stackId, AWAY);
      await store.append(next, [
        { ...started, action: 'DELETE', time: 11 },
        { ...event('web', { action: 'DELETE', status: 'COMPLETE' }) },
        { kind: 'resourceGone', resource: 'web' },
      ]);
      assert.deepEqual(await store.history(claim.stackId), [
        first,
        {
          number: 2,
          action: 'DELETE',
          status: 'IN_PROGRESS',
          reason: 'started',
          startedAt: 11,
          endedAt: undefined,
          actor: AWAY.actor,
          host: AWAY.host,
          pid: AWAY.pid,
          fence: next.fence,
          changes: { deleted: { count: 1, names: ['web'] } },
        },
      ]);
      await store.removeStack(next);
      assert.deepEqual(await store.history(claim.stackId), []);
    },
  ],
  [
    'the history has the signals and marks that come while no operation is at work; those of one actor go on as one',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.append(claim, [STACK_COMPLETE]);
      const signalled = (name: string): StoreChange => event(name, { action: 'SIGNAL', status: 'COMPLETE' });
      await store.append(claim, [signalled('web')]);
      await store.release(claim);
      const next = await store.claim(claim.stackId, LIVE);
      await store.append(next, [signalled('db')]);
      const marked = resource('web', { action: 'CHECK', status: 'FAILED' });
      await store.append(next, [{ ...marked, isEvent: true }]);
      await store.append(next, [signalled('web')]);
      const told = (await store.history(claim.stackId)).map(({ number, action, changes }) => [number, action, changes]);
      assert.deepEqual(told, [
        [1, 'SIGNAL', { signalled: { count: 2, names: ['web', 'db'] } }],
        [2, 'MARK_UNHEALTHY', { marked: { count: 1, names: ['web'] } }],
        [3, 'SIGNAL', { signalled: { count: 1, names: ['web'] } }],
      ]);
    },
  ],
  [
    'a batch that is refused leaves nothing in the history',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const started = { kind: 'stack', action: 'CREATE', status: 'IN_PROGRESS', reason: '', time: 5 } as const;
      await store.append(claim, [started]);
      const before = await store.history(claim.stackId);
      const complete = { ...resource('web', { status: 'COMPLETE' }), isEvent: true };
      await refusal(() => store.append(claim, [complete, value('web', 'address', Number.NaN)]), 'NotJson');
      assert.deepEqual(await store.history(claim.stackId), before);
      await store.append(claim, [complete]);
      const [operation] = await store.history(claim.stackId);
      assert.deepEqual(operation?.changes, { created: { count: 1, names: ['web'] } });
    },
  ],
  [
    'of many operations the newest 100 are told, of each stack its own',
    async (store) => {
      const claims = [
        await store.createStack(stack('app'), LIVE),
        await store.createStack(stack('db', { id: uuid(2) }), LIVE),
      ] as const;
      const started = { kind: 'stack', action: 'CREATE', status: 'IN_PROGRESS', reason: '', time: 5 } as const;
      for (let operation = 0; operation < 250; operation += 1) await store.append(claims[0], [started, STACK_COMPLETE]);
      await store.append(claims[1], [started, STACK_FAILED]);
      const numbers = (await store.history(claims[0].stackId)).map(({ number }) => number);
      assert.deepEqual(
        numbers,
        Array.from({ length: 100 }, (_, index) => 151 + index),
      );
      assert.deepEqual(
        (await store.history(claims[1].stackId)).map(({ number, status }) => [number, status]),
        [[1, 'FAILED']],
      );
    },
  ],

  // --- names ---

  [
    'find tells what the stack has published, and a failure for what a failed resource still owed',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.append(claim, [resource('web'), value('web', 'address', null)]);
      assert.deepEqual(await store.find(ADDRESS), { value: null });
      assert.equal(await store.find(PORT), undefined);
      await store.append(claim, [resource('web', { status: 'FAILED', reason: 'out of memory' })]);
      assert.deepEqual(await store.find(ADDRESS), { value: null });
      const entry = (await store.find(PORT)) as { readonly failure: string };
      assert.match(entry.failure, /'web'.*'app'.*CREATE_FAILED: out of memory/s);
      await store.append(claim, [resource('web')]);
      assert.equal(await store.find(PORT), undefined, 'a new attempt may still write it');
    },
  ],
  [
    'what a resource would have written is a failure once the stack has failed before it started',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.append(claim, [resource('web', { action: 'INIT', status: 'COMPLETE' })]);
      assert.equal(await store.find(ADDRESS), undefined);
      await store.append(claim, [{ kind: 'stack', action: 'CREATE', status: 'FAILED', reason: 'db broke', time: 5 }]);
      const entry = (await store.find(ADDRESS)) as { readonly failure: string };
      assert.match(entry.failure, /'web' of stack 'app' was not started.*CREATE_FAILED: db broke/s);
    },
  ],
  [
    'an outside name is written once: the same value again is fine, another is a ConflictingWrite',
    async (store) => {
      await store.writeOutside(APPROVED, { by: 'ann', ok: false });
      await store.writeOutside(APPROVED, { ok: false, by: 'ann' });
      const error = await refusal(() => store.writeOutside(APPROVED, { by: 'secret', ok: true }), 'ConflictingWrite');
      assert.match(error.message, /default\.app\.operator\.approved/);
      assert.doesNotMatch(error.message, /ann|secret/);
      assert.deepEqual(await store.find(APPROVED), { value: { by: 'ann', ok: false } });
      await refusal(() => store.writeOutside(PORT, undefined as unknown as Json), 'NotJson');
      assert.equal(await store.find(PORT), undefined);
    },
  ],
  [
    'a name that a stack has published is not written from outside',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.append(claim, [resource('web'), value('web', 'address', 'a')]);
      await refusal(() => store.writeOutside(ADDRESS, 'a'), 'NotTheWriter');
      await refusal(() => store.writeOutside(ADDRESS, 'b'), 'NotTheWriter');
      assert.deepEqual(await store.find(ADDRESS), { value: 'a' });
    },
  ],
  [
    'a name that a stack declares is not written from outside, from its creation to its removal',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE, DECLARED);
      const error = await refusal(() => store.writeOutside(ADDRESS, 'a'), 'NotTheWriter');
      assert.match(error.message, /default\.app\.web\.address/);
      await store.append(claim, [STACK_FAILED]);
      for (const name of [ADDRESS, PORT, ODD]) await refusal(() => store.writeOutside(name, 'a'), 'NotTheWriter');
      assert.equal(await store.find(ADDRESS), undefined);
      await store.removeStack(claim);
      await store.writeOutside(ADDRESS, 'a');
      assert.deepEqual(await store.find(ADDRESS), { value: 'a' });
    },
  ],
  [
    'names beside the declared ones are free for outside writers, before and after the stack is created',
    async (store) => {
      const free: readonly Name[] = [
        APPROVED,
        ['default', 'app', 'web', 'other'],
        ['default', 'app', 'constructor', 'name'],
        ['default', 'app2', 'web', 'address'],
        ['other', 'app', 'web', 'address'],
      ];
      for (const name of free) await store.writeOutside(name, 1);
      await store.createStack(stack('app'), LIVE, DECLARED);
      for (const name of free) await store.writeOutside(name, 1);
      await store.writeOutside(['default', 'app', 'web', 'later'], 2);
    },
  ],
  [
    'a stack that declares a name written from outside is refused by ConflictingWrite, and nothing of it is stored',
    async (store) => {
      for (const name of [ADDRESS, ODD]) {
        await store.writeOutside(name, 'secret');
        const declared = new Map([[name[2], [name[3]]]]);
        const error = await refusal(() => store.createStack(stack('app'), LIVE, declared), 'ConflictingWrite');
        assert.doesNotMatch(error.message, /secret/);
        assert.equal(await store.findStack('default', 'app'), undefined);
        assert.deepEqual(await store.find(name), { value: 'secret' });
      }
    },
  ],
  [
    'the readers of a stack are the other stacks that have read its names, each with the names',
    async (store) => {
      const app = await store.createStack(stack('app', { id: uuid(1) }), LIVE);
      const one = await store.createStack(stack('one', { id: uuid(2) }), LIVE);
      const two = await store.createStack(stack('two', { id: uuid(3), space: 'other' }), LIVE);
      await store.writeOutside(APPROVED, true);
      await store.append(app, [{ kind: 'read', name: ADDRESS, value: 1 }]);
      await store.append(one, [
        { kind: 'read', name: ADDRESS, value: 1 },
        { kind: 'read', name: APPROVED, value: true },
        { kind: 'read', name: ['default', 'elsewhere', 'web', 'address'], value: 1 },
        { kind: 'read', name: ADDRESS, value: 2 },
      ]);
      await store.append(two, [{ kind: 'read', name: PORT, value: 80 }]);
      assert.deepEqual(await store.readersOf('default', 'app'), [
        { space: 'default', stack: 'one', names: [ADDRESS] },
        { space: 'other', stack: 'two', names: [PORT] },
      ]);
      await store.removeStack(two);
      assert.deepEqual(
        (await store.readersOf('default', 'app')).map((reader) => reader.stack),
        ['one'],
      );
    },
  ],

  [
    'what a stack has read is kept with the last value, until it is told anew',
    async (store) => {
      const reads = async () =>
        (await store.reads(uuid(2))).map(({ name, value }) => `${name.join('.')}=${JSON.stringify(value)}`).sort();
      const one = await store.createStack(stack('one', { id: uuid(2) }), LIVE);
      const odd: Name = ['default', 'app', ODD[2], 'x'];
      await store.append(one, [
        { kind: 'read', name: ADDRESS, value: 1 },
        { kind: 'read', name: odd, value: { a: [null] } },
        { kind: 'read', name: ADDRESS, value: 2 },
      ]);
      assert.deepEqual(await reads(), [`${ADDRESS.join('.')}=2`, `${odd.join('.')}={"a":[null]}`].sort());
      await store.append(one, [
        { kind: 'read', name: ADDRESS, value: 3 },
        { kind: 'reads', reads: [{ name: PORT, value: 80 }] },
        { kind: 'read', name: APPROVED, value: true },
      ]);
      assert.deepEqual(await reads(), [`${PORT.join('.')}=80`, `${APPROVED.join('.')}=true`].sort());
      await store.append(one, [{ kind: 'reads', reads: [] }]);
      assert.deepEqual([await reads(), await store.reads(uuid(9))], [[], []]);
    },
  ],

  // --- snapshots ---

  [
    'a snapshot keeps what the stack was and what is kept of its resources, whatever becomes of the stack',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const first = snapshot(1, {
        name: 'before "\u0000',
        tags: ['a'],
        definition: { ...SNAPSHOT.definition, files: { f: '\ud800' } },
      });
      const web = { record: resource(ODD[2], { data: { pid: 1 } }).record, data: { content: 'x\u0000', deep: [null] } };
      const db = { record: resource('db').record };
      await store.append(claim, [
        { kind: 'snapshot', snapshot: first },
        { kind: 'resourceSnapshot', id: first.id, resource: web },
        { kind: 'resourceSnapshot', id: first.id, resource: db },
      ]);
      await store.append(claim, [
        { kind: 'snapshot', snapshot: snapshot(2) },
        { kind: 'snapshotState', id: first.id, action: 'CREATE', status: 'COMPLETE', reason: 'done' },
        { kind: 'resourceGone', resource: ODD[2] },
      ]);
      const done = { ...first, status: 'COMPLETE', reason: 'done' };
      assert.deepEqual(await store.snapshots(uuid(1)), [done, snapshot(2)]);
      assert.deepEqual(await store.resourceSnapshots(first.id), [web, db]);
      assert.deepEqual(await store.resourceSnapshots(uuid(802)), []);
      await store.append(claim, [
        { kind: 'resourceSnapshot', id: first.id, resource: { ...db, data: { n: 2 } } },
        { kind: 'resourceSnapshot', id: uuid(999), resource: db },
      ]);
      assert.deepEqual(await store.resourceSnapshots(first.id), [web, { ...db, data: { n: 2 } }]);
      await store.append(claim, [{ kind: 'snapshotGone', id: first.id }]);
      assert.deepEqual(await store.snapshots(uuid(1)), [snapshot(2)]);
      assert.deepEqual(await store.resourceSnapshots(first.id), []);
    },
  ],
  [
    'a removed stack leaves no snapshot',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      await store.append(claim, [
        { kind: 'snapshot', snapshot: snapshot(1) },
        { kind: 'resourceSnapshot', id: uuid(801), resource: { record: resource('db').record } },
      ]);
      await store.removeStack(claim);
      assert.deepEqual([await store.snapshots(uuid(1)), await store.resourceSnapshots(uuid(801))], [[], []]);
      const again = await store.createStack(stack('app'), LIVE);
      await store.append(again, [{ kind: 'snapshot', snapshot: snapshot(1) }]);
      assert.deepEqual(await store.resourceSnapshots(uuid(801)), []);
    },
  ],
  [
    'what a restore goes back to stands with the definition',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const { definition } = SNAPSHOT;
      const change = {
        kind: 'definition',
        definition,
        previous: undefined,
        declared: DECLARED,
        rollback: false,
      } as const;
      await store.append(claim, [{ ...change, restoring: uuid(801) }]);
      assert.equal((await store.findStack('default', 'app'))?.restoring, uuid(801));
      await store.append(claim, [change]);
      assert.equal((await store.findStack('default', 'app'))?.restoring, undefined);
    },
  ],

  // --- the rest ---

  [
    'asking changes no revision',
    async (store) => {
      const claim = await store.createStack(stack('app'), LIVE);
      const before = await store.revision();
      await store.find(ADDRESS);
      await store.listStacks();
      await store.holder(claim.stackId);
      assert.equal(await store.revision(), before);
    },
  ],
  [
    'a store may be closed twice',
    async (store) => {
      await store.createStack(stack('app'), LIVE);
      await store.close();
      await store.close();
    },
  ],
];

const ADDRESS: Name = ['default', 'app', 'web', 'address'];
const PORT: Name = ['default', 'app', 'web', 'port'];
const APPROVED: Name = ['default', 'app', 'operator', 'approved'];

/** Of characters that a backend may have to escape. */
const ODD: Name = ['default', 'app', 'o.d\\d "\u0000', '\ud800\n'];
const DECLARED: DeclaredNames = new Map([
  ['web', ['address', 'port']],
  [ODD[2], [ODD[3]]],
]);

const SNAPSHOT: SnapshotRecord = {
  id: uuid(800),
  action: 'CREATE',
  status: 'IN_PROGRESS',
  reason: '',
  createdAt: 7,
  stackAction: 'UPDATE',
  stackStatus: 'COMPLETE',
  definition: { template: { resources: {} }, files: {}, parameters: { size: 1 }, environment: {} },
};

function snapshot(number: number, more: Partial<SnapshotRecord> = {}): SnapshotRecord {
  return { ...SNAPSHOT, id: uuid(800 + number), ...more };
}

const LIVE: Claimant = {
  engineId: uuid(900),
  host: hostname(),
  pid: process.pid,
  processStart: processStart(process.pid) ?? 'unknown',
  actor: 'ann@here',
  leaseMs: 30_000,
};
const OTHER_ENGINE: Claimant = { ...LIVE, engineId: uuid(901) };
/** Of a process that never was: pids are smaller everywhere. */
const DEAD: Claimant = { ...LIVE, engineId: uuid(902), pid: 2 ** 30, processStart: 'never' };
/** Of another host: nothing is known of it but what it tells the store. */
const AWAY: Claimant = { ...LIVE, engineId: uuid(903), host: 'elsewhere.invalid', leaseMs: 20_000 };

const STACK_FAILED: StoreChange = { kind: 'stack', action: 'CREATE', status: 'FAILED', reason: '', time: 8 };
const STACK_COMPLETE: StoreChange = { kind: 'stack', action: 'CREATE', status: 'COMPLETE', reason: '', time: 9 };

function stack(name: string, fields: Partial<StackRecord> = {}): StackRecord {
  return {
    id: uuid(1),
    space: 'default',
    name,
    action: 'CREATE',
    status: 'IN_PROGRESS',
    reason: 'Stack CREATE started',
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_001,
    template: {},
    files: {},
    parameters: {},
    environment: {},
    rollback: false,
    outputs: {},
    ...fields,
  };
}

function resource(
  name: string,
  fields: Partial<ResourceRecord> = {},
): { readonly kind: 'resource'; readonly record: ResourceRecord } {
  return {
    kind: 'resource',
    record: {
      name,
      type: 'Hotloom::Test',
      physicalName: `app-${name}-abcdefghijkl`,
      resourceId: undefined,
      action: 'CREATE',
      status: 'IN_PROGRESS',
      reason: 'state changed',
      token: uuid(500),
      data: {},
      requires: [],
      deletionPolicy: 'Delete',
      updatedAt: 1_700_000_000_002,
      ...fields,
    },
  };
}

function value(resource: string, attribute: string, value: Json): StoreChange {
  return { kind: 'value', resource, attribute, value };
}

function event(
  resource: string,
  fields: Partial<ResourceEvent> = {},
): { readonly kind: 'event'; readonly event: ResourceEvent } {
  return {
    kind: 'event',
    event: {
      type: 'resource',
      time: 1_700_000_000_003,
      space: 'default',
      stack: 'app',
      resource,
      resourceType: 'Hotloom::Test',
      resourceId: undefined,
      action: 'CREATE',
      status: 'IN_PROGRESS',
      reason: 'state changed',
      ...fields,
    },
  };
}

/** The record without getters: a store may parse a document only when it is asked for. */
function plain(record: StackRecord | undefined): StackRecord | undefined {
  return record === undefined ? undefined : { ...record };
}

function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** The error with which `act` is refused, thrown or as a rejection. */
async function refusal(act: () => unknown, code: string): Promise<HotloomError> {
  try {
    await act();
  } catch (error) {
    assert.ok(isHotloomError(error, code), `expected ${code}, got ${error}`);
    return error;
  }
  assert.fail(`expected ${code}, but it was accepted`);
}
