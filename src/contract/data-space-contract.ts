import assert from 'node:assert/strict';
import { type HotloomError, isHotloomError, ResourceFailure, rootCause } from '../errors.ts';
import type { Name } from '../names.ts';
import type { DataSpace, Entry, Region, SpaceChange } from '../space/data-space.ts';
import type { Json } from '../values.ts';
import type { ContractCase } from './contract-case.ts';

/**
 * The rules that every data space keeps. `make` is called once per case and gives an empty space, which the case closes.
 * A case that waits for something which a broken space never does waits until the time-out of the test runner.
 */
export function dataSpaceContract(make: () => DataSpace | Promise<DataSpace>): readonly ContractCase[] {
  return RULES.map(([name, rule]) => ({
    name,
    run: async () => {
      const space = await make();
      try {
        await rule(space);
      } finally {
        await space.close();
      }
    },
  }));
}

type Rule = readonly [name: string, rule: (space: DataSpace) => Promise<void>];

const RULES: readonly Rule[] = [
  // --- reads and writes ---

  [
    'a read blocks until the name is written, and returns the value',
    async (space) => {
      const region = await declare(space);
      let isAnswered = false;
      const read = space.read(ADDRESS).finally(() => {
        isAnswered = true;
      });
      await turn();
      assert.equal(isAnswered, false);
      await region.write('web', 'address', '10.0.0.1');
      assert.equal(await read, '10.0.0.1');
    },
  ],
  [
    'a read of a written name returns at once',
    async (space) => {
      const region = await declare(space);
      await region.write('web', 'address', 'a');
      assert.equal(await space.read(ADDRESS), 'a');
      assert.equal(space.blockedReads, 0);
    },
  ],
  [
    'presence counts, not truth: false, 0, the empty string, null and empty containers are values',
    async (space) => {
      const values: readonly Json[] = [false, 0, '', null, [], {}];
      for (const [index, value] of values.entries()) {
        const name: Name = ['default', 'outside', 'falsy', String(index)];
        const read = space.read(name);
        await space.write(name, value);
        assert.deepEqual(await read, value);
        assert.deepEqual(space.tryRead(name), { value });
      }
    },
  ],
  [
    'tryRead does not block: undefined before the write, the entry after it',
    async (space) => {
      const region = await declare(space);
      assert.equal(space.tryRead(ADDRESS), undefined);
      assert.equal(region.tryRead('web', 'address'), undefined);
      await region.write('web', 'address', 'a');
      assert.deepEqual(space.tryRead(ADDRESS), { value: 'a' });
      assert.deepEqual(region.tryRead('web', 'address'), { value: 'a' });
    },
  ],
  [
    'the same value again is fine, whatever the order of its keys',
    async (space) => {
      const region = await declare(space);
      await region.write('web', 'address', { host: 'h', ports: [1, 2] });
      await region.write('web', 'address', { ports: [1, 2], host: 'h' });
      await space.write(OUTSIDE, { host: 'h', ports: [1, 2] });
      await space.write(OUTSIDE, { ports: [1, 2], host: 'h' });
      assert.deepEqual(await space.read(OUTSIDE), { host: 'h', ports: [1, 2] });
    },
  ],
  [
    'a different value is a ConflictingWrite that names the name and neither value; the first value stays',
    async (space) => {
      const region = await declare(space);
      await region.write('web', 'address', 'first-secret');
      await space.write(OUTSIDE, 'first-secret');
      for (const write of [
        () => region.write('web', 'address', 'second-secret'),
        () => space.write(OUTSIDE, 'second-secret'),
      ]) {
        const error = await refusal(write, 'ConflictingWrite');
        assert.match(error.message, /default\.app\.(web\.address|operator\.approved)/);
        assert.doesNotMatch(JSON.stringify(error.toJSON()) + error.message, /secret/);
      }
      assert.equal(await space.read(ADDRESS), 'first-secret');
      assert.equal(await space.read(OUTSIDE), 'first-secret');
    },
  ],
  [
    'null written first is not overwritten by another value',
    async (space) => {
      const region = await declare(space);
      await region.write('web', 'address', null);
      await refusal(() => region.write('web', 'address', 'a'), 'ConflictingWrite');
    },
  ],
  [
    'a writer that changes its object afterwards does not change the value',
    async (space) => {
      const value = { list: [1] };
      await space.write(OUTSIDE, value);
      value.list.push(2);
      assert.deepEqual(await space.read(OUTSIDE), { list: [1] });
    },
  ],
  [
    'what is not JSON is refused, and the name stays free',
    async (space) => {
      const region = await declare(space);
      for (const value of [undefined, Number.NaN, () => 1, 1n, new Date(0), { deep: [Symbol('x')] }]) {
        await refusal(() => region.write('web', 'address', value as unknown as Json), 'NotJson');
        await refusal(() => space.write(OUTSIDE, value as unknown as Json), 'NotJson');
      }
      assert.equal(space.tryRead(ADDRESS), undefined);
      assert.equal(space.tryRead(OUTSIDE), undefined);
    },
  ],
  [
    'large and deep values arrive as they were written',
    async (space) => {
      const text = 'x'.repeat(200_000);
      let deep: Json = 'end';
      for (let level = 0; level < 60; level += 1) deep = level % 2 === 0 ? [deep] : { inner: deep };
      const value: Json = {
        text,
        deep,
        unicode: '\u0000 \u00e9 \u{1f600} \u2028 "\\',
        numbers: [1e300, -1, 0.1, 2 ** 53],
      };
      const read = space.read(OUTSIDE);
      await space.write(OUTSIDE, value);
      assert.deepEqual(await read, value);
    },
  ],
  [
    'a key named __proto__ in a value is a key',
    async (space) => {
      await space.write(OUTSIDE, JSON.parse('{"__proto__": {"polluted": true}}'));
      const value = (await space.read(OUTSIDE)) as Record<string, Json>;
      assert.deepEqual(Object.keys(value), ['__proto__']);
      assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    },
  ],
  [
    'names with dots, slashes, __proto__ and other odd segments are told apart',
    async (space) => {
      const segments = [
        'a.b',
        'a',
        'b',
        '__proto__',
        'constructor',
        'toString',
        'a/b',
        'a\\.b',
        ' ',
        'é',
        '\u{1f600}',
        '0',
      ];
      const names = segments.flatMap((stack) =>
        segments.map((resource): Name => ['default', stack, resource, resource === 'a' ? 'b.c' : 'c']),
      );
      assert.ok(names.every((name) => space.tryRead(name) === undefined));
      const reads = names.map((name) => space.read(name));
      for (const [index, name] of names.entries()) await space.write(name, index);
      assert.deepEqual(await Promise.all(reads), [...names.keys()]);
    },
  ],
  [
    'the same segments in different spaces are different names',
    async (space) => {
      await space.write(['one', 's', 'r', 'a'], 1);
      assert.equal(space.tryRead(['two', 's', 'r', 'a']), undefined);
      await space.write(['two', 's', 'r', 'a'], 2);
      assert.equal(await space.read(['one', 's', 'r', 'a']), 1);
    },
  ],

  // --- who waits ---

  [
    'one write wakes all readers of the name, and nobody else',
    async (space) => {
      const region = await declare(space);
      const reads = Array.from({ length: 1000 }, () => space.read(ADDRESS));
      const other = space.read(PORT);
      assert.equal(space.blockedReads, 1001);
      await region.write('web', 'address', 'a');
      assert.deepEqual(new Set(await Promise.all(reads)), new Set(['a']));
      assert.equal(space.blockedReads, 1);
      await region.write('web', 'port', 80);
      assert.equal(await other, 80);
      assert.equal(space.blockedReads, 0);
    },
  ],
  [
    'readers wake in the order in which they began to wait',
    async (space) => {
      const region = await declare(space);
      const woken: number[] = [];
      const reads = Array.from({ length: 50 }, (_, index) =>
        wakeOf(space, ADDRESS, () => {
          woken.push(index);
        }),
      );
      await region.write('web', 'address', 'a');
      await Promise.all(reads);
      assert.deepEqual(woken, [...Array(50).keys()]);
    },
  ],
  [
    'subscribe calls before it returns when the name holds something, else once and later',
    async (space) => {
      const region = await declare(space);
      await region.write('web', 'address', 'a');
      const entries: Entry[] = [];
      space.subscribe(ADDRESS, (entry) => entries.push(entry))();
      assert.deepEqual([...entries], [{ value: 'a' }]);
      const woken = wakeOf(space, PORT, (entry) => entries.push(entry));
      assert.equal(entries.length, 1);
      await region.write('web', 'port', 80);
      await region.write('web', 'port', 80);
      await woken;
      assert.deepEqual([...entries], [{ value: 'a' }, { value: 80 }]);
    },
  ],
  [
    'a subscription that was taken back is not called, and taking it back twice is nothing',
    async (space) => {
      const region = await declare(space);
      const woken: string[] = [];
      const first = wakeOf(space, ADDRESS, () => woken.push('first'));
      const cancel = space.subscribe(ADDRESS, () => woken.push('cancelled'));
      const last = wakeOf(space, ADDRESS, () => woken.push('last'));
      cancel();
      cancel();
      assert.equal(space.blockedReads, 2);
      await region.write('web', 'address', 'a');
      await Promise.all([first, last]);
      cancel();
      assert.deepEqual(woken, ['first', 'last']);
      assert.equal(space.blockedReads, 0);
    },
  ],
  [
    'a reader that is woken may take back the wish of the next one',
    async (space) => {
      const region = await declare(space);
      const woken: string[] = [];
      let cancelNext = (): void => {};
      const first = wakeOf(space, ADDRESS, () => {
        woken.push('first');
        cancelNext();
      });
      cancelNext = space.subscribe(ADDRESS, () => woken.push('cancelled'));
      const last = wakeOf(space, ADDRESS, () => woken.push('last'));
      await region.write('web', 'address', 'a');
      await Promise.all([first, last]);
      assert.deepEqual(woken, ['first', 'last']);
      assert.equal(space.blockedReads, 0);
    },
  ],
  [
    'a reader that is woken may read and write other names',
    async (space) => {
      const region = await declare(space);
      const chain = space.read(OUTSIDE);
      const woken = wakeOf(space, ADDRESS, () => region.write('web', 'port', 1));
      const second = wakeOf(space, PORT, () => space.write(OUTSIDE, 'end'));
      await region.write('web', 'address', 'a');
      await Promise.all([woken, second]);
      assert.equal(await chain, 'end');
    },
  ],
  [
    'no wake-up is lost when reads and writes of a name cross',
    async (space) => {
      const names = Array.from({ length: 200 }, (_, index): Name => ['default', 'race', 'r', String(index)]);
      const results = await Promise.all(
        names.flatMap((name, index) => {
          const write = async (): Promise<Json> => {
            if (index % 3 === 0) await turn();
            await space.write(name, index);
            return index;
          };
          const read = async (): Promise<Json> => {
            if (index % 2 === 0) await turn();
            return space.read(name);
          };
          return index % 5 === 0 ? [write(), read()] : [read(), write()];
        }),
      );
      assert.deepEqual(
        results,
        names.flatMap((_, index) => [index, index]),
      );
      assert.equal(space.blockedReads, 0);
    },
  ],

  // --- giving up ---

  [
    'an AbortSignal releases its reader with ReadAborted, the reason as its cause, and nobody else',
    async (space) => {
      const region = await declare(space);
      const giveUp = new AbortController();
      const reason = new Error('no longer wanted');
      const aborted = space.read(ADDRESS, { signal: giveUp.signal });
      const other = space.read(ADDRESS);
      giveUp.abort(reason);
      const error = await refusal(() => aborted, 'ReadAborted');
      assert.equal(error.cause, reason);
      assert.equal(space.blockedReads, 1);
      await region.write('web', 'address', 'a');
      assert.equal(await other, 'a');
    },
  ],
  [
    'a signal that has fired already refuses the read, even of a written name',
    async (space) => {
      await space.write(OUTSIDE, 1);
      await refusal(() => space.read(ADDRESS, { signal: AbortSignal.abort() }), 'ReadAborted');
      await refusal(() => space.read(OUTSIDE, { signal: AbortSignal.abort() }), 'ReadAborted');
      assert.equal(space.blockedReads, 0);
    },
  ],
  [
    'a signal that fires after the value came changes nothing, and keeps no listener',
    async (space) => {
      const giveUp = countingSignal();
      const read = space.read(OUTSIDE, { signal: giveUp.signal });
      await space.write(OUTSIDE, 1);
      assert.equal(await read, 1);
      assert.equal(await space.read(OUTSIDE, { signal: giveUp.signal }), 1);
      assert.equal(giveUp.listeners(), 0);
      giveUp.abort();
      assert.equal(await read, 1);
    },
  ],

  // --- one writer ---

  [
    'only the region writes a declared name: anybody else gets NotTheWriter',
    async (space) => {
      const region = await declare(space);
      await refusal(() => space.write(ADDRESS, 'a'), 'NotTheWriter');
      assert.equal(space.tryRead(ADDRESS), undefined);
      await region.write('web', 'address', 'b');
      await refusal(() => space.write(ADDRESS, 'b'), 'NotTheWriter');
      assert.equal(space.isDeclared(ADDRESS), true);
      assert.equal(space.isDeclared(OUTSIDE), false);
    },
  ],
  [
    'names beside the declared ones are free for outside writers',
    async (space) => {
      await declare(space);
      await space.write(['default', 'app', 'web', 'comment'], 'x');
      await space.write(OUTSIDE, true);
      assert.equal(await space.read(OUTSIDE), true);
    },
  ],
  [
    'a stack has one region at a time',
    async (space) => {
      const region = await declare(space);
      await refusal(() => declare(space), 'NotTheWriter');
      await region.close();
      await declare(space);
    },
  ],
  [
    'declaring a name that somebody outside has written is a ConflictingWrite, and declares nothing',
    async (space) => {
      await space.write(PORT, 80);
      const error = await refusal(() => declare(space), 'ConflictingWrite');
      assert.match(error.message, /default\.app\.web\.port/);
      assert.equal(space.isDeclared(ADDRESS), false);
      await space.write(ADDRESS, 'still free');
    },
  ],
  [
    'a read that began before the name was declared wakes when the region writes it',
    async (space) => {
      const read = space.read(ADDRESS);
      const region = await declare(space);
      assert.equal(space.blockedReads, 1);
      await region.write('web', 'address', 'a');
      assert.equal(await read, 'a');
    },
  ],
  [
    'a write of an undeclared attribute or resource is an UndeclaredWrite with a suggestion',
    async (space) => {
      const region = await declare(space);
      const attribute = await refusal(() => region.write('web', 'adress', 'a'), 'UndeclaredWrite');
      assert.match(attribute.message, /'address'/);
      const resource = await refusal(() => region.write('wep', 'address', 'a'), 'UndeclaredWrite');
      assert.match(resource.message, /'web'/);
    },
  ],
  [
    'regions of different stacks do not touch each other',
    async (space) => {
      const one = await declare(space, 'one');
      const two = await declare(space, 'two');
      await one.write('web', 'address', 1);
      assert.equal(space.tryRead(['default', 'two', 'web', 'address']), undefined);
      await two.write('web', 'address', 2);
      await one.fail('web', boom());
      assert.equal(two.tryRead('web', 'port'), undefined);
      assert.deepEqual([one.space, one.stack, two.stack], ['default', 'one', 'two']);
    },
  ],

  // --- failure ---

  [
    'when a writer fails its blocked readers get WriterFailed with the chain of causes',
    async (space) => {
      const region = await declare(space);
      const read = space.read(ADDRESS);
      const failure = boom();
      await region.fail('web', failure);
      const error = await refusal(() => read, 'WriterFailed');
      assert.match(error.message, /default\.app\.web\.address/);
      assert.match(error.message, /the disk is on fire/, 'the root of the chain is told');
      assert.equal((rootCause(error) as Error).message, 'the disk is on fire');
      await refusal(() => space.read(ADDRESS), 'WriterFailed');
      assert.equal(space.blockedReads, 0);
    },
  ],
  [
    'failure reaches the readers of every name that is not written yet, and no other',
    async (space) => {
      const region = await declare(space);
      await region.write('web', 'address', 'kept');
      await region.fail('web', boom());
      assert.deepEqual(space.tryRead(ADDRESS), { value: 'kept' });
      assert.ok('failure' in (space.tryRead(PORT) ?? {}));
      assert.equal(space.tryRead(['default', 'app', 'db', 'address']), undefined);
    },
  ],
  [
    'a name that has failed stays so: a late write is dropped, and a second failure too',
    async (space) => {
      const region = await declare(space);
      await region.fail('web', boom());
      const before = space.tryRead(ADDRESS) as { readonly failure: HotloomError };
      await region.write('web', 'address', 'late');
      await region.fail('web', new ResourceFailure({ what: 'another' }));
      const after = space.tryRead(ADDRESS) as { readonly failure: HotloomError };
      assert.match(after.failure.message, /web failed/);
      assert.equal(after.failure.message, before.failure.message);
    },
  ],
  [
    'the failure of an undeclared resource is an UndeclaredWrite',
    async (space) => {
      const region = await declare(space);
      await refusal(() => region.fail('wep', boom()), 'UndeclaredWrite');
    },
  ],

  // --- the end of a region, and of the space ---

  [
    'a closed region takes its names out of the space; reads of them stay blocked; names from outside stay',
    async (space) => {
      const region = await declare(space);
      await region.write('web', 'address', 'old');
      await space.write(OUTSIDE, 'stays');
      const read = space.read(PORT);
      await region.close();
      await region.close();
      assert.equal(space.tryRead(ADDRESS), undefined);
      assert.equal(space.isDeclared(ADDRESS), false);
      assert.equal(region.tryRead('web', 'address'), undefined);
      assert.equal(await space.read(OUTSIDE), 'stays');
      assert.equal(space.blockedReads, 1);
      const next = await declare(space);
      await next.write('web', 'port', 81);
      assert.equal(await read, 81);
    },
  ],
  [
    'a closed region writes no more',
    async (space) => {
      const region = await declare(space);
      await region.close();
      await refusal(() => region.write('web', 'address', 'late'), 'NotTheWriter');
      await region.fail('web', boom());
      const next = await declare(space);
      await refusal(() => region.write('web', 'address', 'late'), 'NotTheWriter');
      assert.equal(next.tryRead('web', 'address'), undefined);
    },
  ],
  [
    'closing the space releases every blocked read with ReadAborted, and ends every watch',
    async (space) => {
      await declare(space);
      const reads = [
        space.read(ADDRESS),
        space.read(OUTSIDE),
        space.read(ADDRESS, { signal: new AbortController().signal }),
      ];
      const watched = collect(space.watch(['default']), Number.POSITIVE_INFINITY);
      const released = Promise.all(reads.map((read) => refusal(() => read, 'ReadAborted')));
      await turn();
      await space.close();
      await released;
      assert.deepEqual(await watched, []);
      assert.equal(space.blockedReads, 0);
      await refusal(() => space.read(PORT), 'ReadAborted');
    },
  ],

  // --- watch ---

  [
    'watch tells first what is there, then each change, nothing twice and nothing missed',
    async (space) => {
      const region = await declare(space);
      await region.write('web', 'address', 'before');
      const changes = space.watch(['default', 'app'])[Symbol.asyncIterator]();
      const seen = [await changes.next()];
      await region.write('web', 'address', 'before');
      await region.write('web', 'port', 80);
      await region.fail('db', boom());
      for (let count = 0; count < 2; count += 1) seen.push(await changes.next());
      await changes.return?.();
      const told = seen.map(({ value }) => {
        const { name, entry } = value as SpaceChange;
        return [name.slice(2).join('.'), 'value' in entry ? entry.value : entry.failure.code];
      });
      assert.deepEqual(told, [
        ['web.address', 'before'],
        ['web.port', 80],
        ['db.address', 'ResourceFailure'],
      ]);
    },
  ],
  [
    'nothing is lost or doubled at the boundary between what is there and what changes',
    async (space) => {
      const name = (index: number): Name => ['default', 'boundary', 'r', String(index)];
      const writer = (async () => {
        for (let index = 0; index < 300; index += 1) {
          await space.write(name(index), index);
          if (index % 7 === 0) await turn();
        }
      })();
      const watches = Array.from({ length: 5 }, async (_, wait) => {
        for (let count = 0; count < wait * 5; count += 1) await turn();
        return collect(space.watch(['default', 'boundary']), 300);
      });
      await writer;
      for (const changes of await Promise.all(watches)) {
        const values = changes.map(({ entry }) => ('value' in entry ? (entry.value as number) : -1));
        assert.deepEqual(
          values.sort((a, b) => a - b),
          [...Array(300).keys()],
        );
      }
    },
  ],
  [
    'a prefix of any length chooses by whole segments',
    async (space) => {
      const names: readonly Name[] = [
        ['s', 'app', 'web', 'a'],
        ['s', 'app', 'web', 'b'],
        ['s', 'app', 'db', 'a'],
        ['s', 'app2', 'web', 'a'],
        ['s2', 'app', 'web', 'a'],
      ];
      for (const name of names) await space.write(name, 1);
      for (const [prefix, count] of [
        [[], 5],
        [['s'], 4],
        [['s', 'app'], 3],
        [['s', 'app', 'web'], 2],
        [['s', 'app', 'web', 'b'], 1],
      ] as const) {
        const watch = space.watch(prefix)[Symbol.asyncIterator]();
        for (let index = 0; index < count; index += 1) await watch.next();
        const next = watch.next();
        await space.write([...prefix, 'x', 'x', 'x', 'x'].slice(0, 4) as unknown as Name, 1);
        await space.write(['elsewhere', 'x', 'x', 'x'], 1);
        if (prefix.length > 0 && prefix.length < 4) {
          const { value } = await next;
          assert.deepEqual((value as SpaceChange).name.slice(0, prefix.length), prefix);
        }
        await watch.return?.();
      }
    },
  ],
  [
    'a slow watcher misses nothing',
    async (space) => {
      const watch = space.watch(['default'])[Symbol.asyncIterator]();
      const first = watch.next();
      for (let index = 0; index < 1000; index += 1) await space.write(['default', 's', 'r', String(index)], index);
      const seen = [(await first).value];
      while (seen.length < 1000) seen.push((await watch.next()).value);
      await watch.return?.();
      assert.deepEqual(
        seen.map((change) => Number((change as SpaceChange).name[3])),
        [...Array(1000).keys()],
      );
    },
  ],
  [
    'a watch ends when its signal fires, also while it waits, and keeps no listener',
    async (space) => {
      const stop = countingSignal();
      await space.write(OUTSIDE, 1);
      const watched = collect(space.watch(['default'], { signal: stop.signal }), Number.POSITIVE_INFINITY);
      await turn();
      stop.abort();
      assert.equal((await watched).length, 1);
      assert.equal(stop.listeners(), 0);
      assert.deepEqual(await collect(space.watch(['default'], { signal: stop.signal }), 1), []);
    },
  ],
  [
    'a watch that is left by break keeps no listener',
    async (space) => {
      const stop = countingSignal();
      await space.write(OUTSIDE, 1);
      for await (const change of space.watch(['default'], { signal: stop.signal })) {
        assert.deepEqual(change, { name: OUTSIDE, entry: { value: 1 } });
        break;
      }
      assert.equal(stop.listeners(), 0);
    },
  ],
];

const ADDRESS: Name = ['default', 'app', 'web', 'address'];
const PORT: Name = ['default', 'app', 'web', 'port'];
const OUTSIDE: Name = ['default', 'app', 'operator', 'approved'];

async function declare(space: DataSpace, stack = 'app'): Promise<Region> {
  const outputs = new Map([
    ['web', ['address', 'port']],
    ['db', ['address']],
  ]);
  return space.declare('default', stack, outputs);
}

function boom(): ResourceFailure {
  return new ResourceFailure({ what: 'web failed', cause: new Error('the disk is on fire') });
}

/** Resolves after `act` has been called with the entry and has ended. */
function wakeOf(space: DataSpace, name: Name, act: (entry: Entry) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    space.subscribe(name, (entry) => {
      Promise.resolve(act(entry)).then(() => resolve(), reject);
    });
  });
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

async function collect(changes: AsyncIterable<SpaceChange>, count: number): Promise<SpaceChange[]> {
  const seen: SpaceChange[] = [];
  for await (const change of changes) {
    seen.push(change);
    if (seen.length === count) break;
  }
  return seen;
}

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A signal that tells how many listen to it. */
function countingSignal(): { readonly signal: AbortSignal; abort(): void; listeners(): number } {
  const controller = new AbortController();
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const listening = new Set<unknown>();
  signal.addEventListener = (type: string, listener: never, options?: never): void => {
    listening.add(listener);
    add(type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: never, options?: never): void => {
    listening.delete(listener);
    remove(type, listener, options);
  };
  return {
    signal,
    abort: () => controller.abort(),
    listeners: () => listening.size,
  };
}
