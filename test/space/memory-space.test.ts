import { describe, expect, test } from '@jest/globals';
import { type HotloomError, ResourceFailure } from '../../src/errors.ts';
import type { Name } from '../../src/names.ts';
import type { Region } from '../../src/space/data-space.ts';
import { MemorySpace } from '../../src/space/memory-space.ts';
import { numbered } from './numbered.ts';

// What every data space does is in test/contract; here is what only this one promises.

const name = (attribute: string): Name => ['default', 'app', 'web', attribute];

function declared(space: MemorySpace, attributes: readonly string[] = ['address', 'port', 'user']): Region {
  return space.declare('default', 'app', numbered(new Map([['web', attributes]])));
}

function thrownBy(act: () => unknown): HotloomError {
  try {
    act();
  } catch (error) {
    return error as HotloomError;
  }
  throw new Error('Nothing was thrown.');
}

describe('waking', () => {
  test('a write has woken its readers, in the order of their coming, when it returns', () => {
    const space = new MemorySpace();
    const region = declared(space);
    const woken: string[] = [];
    for (const reader of ['first', 'second', 'third']) space.subscribe(name('address'), () => woken.push(reader));
    region.write('web', 'address', 'a');
    expect(woken).toEqual(['first', 'second', 'third']);
  });

  test('a reader that throws stops nobody; the writer learns of it, and the value is there', () => {
    const space = new MemorySpace();
    const region = declared(space);
    const woken: string[] = [];
    const bug = new Error('reader bug');
    space.subscribe(name('address'), () => {
      throw bug;
    });
    space.subscribe(name('address'), () => woken.push('second'));
    const error = thrownBy(() => region.write('web', 'address', 'a'));
    expect(error).toMatchObject({ code: 'InternalError', cause: bug });
    expect(error.what).toBe('A reader of the data space threw when it was woken: reader bug');
    expect(woken).toEqual(['second']);
    expect(space.tryRead(name('address'))).toEqual({ value: 'a' });
    expect(space.blockedReads).toBe(0);
  });

  test('a reader that throws at a failure leaves no other name of the resource unfailed', () => {
    const space = new MemorySpace();
    const region = declared(space);
    space.subscribe(name('address'), () => {
      throw new Error('reader bug');
    });
    expect(thrownBy(() => region.fail('web', new ResourceFailure({ what: 'boom' }))).code).toBe('InternalError');
    expect(space.tryRead(name('user'))).toHaveProperty('failure');
  });

  test('a watch sees what woke a reader before what that reader wrote', async () => {
    const space = new MemorySpace();
    const region = declared(space);
    const watch = space.watch(['default'])[Symbol.asyncIterator]();
    const first = watch.next();
    space.subscribe(name('address'), () => region.write('web', 'port', 1));
    region.write('web', 'address', 'a');
    expect((await first).value).toEqual({ name: name('address'), entry: { value: 'a' } });
    expect((await watch.next()).value).toEqual({ name: name('port'), entry: { value: 1 } });
    await watch.return?.();
  });

  test('a reader that gives up while the space is being closed is not counted twice, nor told', () => {
    const space = new MemorySpace();
    const told: string[] = [];
    space.subscribe(name('address'), () => {
      told.push('first');
      cancel();
    });
    const cancel = space.subscribe(name('port'), () => told.push('second'));
    space.close();
    expect({ told, blocked: space.blockedReads }).toEqual({ told: ['first'], blocked: 0 });
  });

  test('a reader that gives up while its name is being written is not counted twice', () => {
    const space = new MemorySpace();
    const region = declared(space);
    const cancels: (() => void)[] = [];
    for (let reader = 0; reader < 3; reader += 1) {
      cancels.push(space.subscribe(name('address'), () => cancels.forEach((cancel) => void cancel())));
    }
    region.write('web', 'address', 'a');
    expect(space.blockedReads).toBe(0);
  });
});

describe('the order of coming', () => {
  test('a write finds who waits now, after somebody who came between has given up', () => {
    const space = new MemorySpace();
    const woken: string[] = [];
    const wait = (attribute: string, reader: string) => space.subscribe(name(attribute), () => woken.push(reader));
    wait('address', 'first');
    const giveUp = wait('port', 'gives up');
    wait('user', 'last');
    giveUp();
    wait('port', 'came again');
    space.write(name('address'), 1);
    space.write(name('port'), 2);
    space.write(name('user'), 3);
    expect(woken).toEqual(['first', 'came again', 'last']);
    expect(space.blockedReads).toBe(0);
  });

  test('a write finds who waits now, after what was written before it was taken away', () => {
    const space = new MemorySpace();
    const region = declared(space);
    const woken: string[] = [];
    space.subscribe(name('size'), () => woken.push('of another name'));
    region.write('web', 'address', 'a');
    const giveUp = space.subscribe(name('port'), () => woken.push('gives up'));
    region.close();
    giveUp();
    space.subscribe(name('port'), () => woken.push('came again'));
    space.write(name('port'), 1);
    expect(woken).toEqual(['came again']);
    space.write(name('address'), 'b');
    expect(space.tryRead(name('address'))).toEqual({ value: 'b' });
  });

  test('names are written in any order, each once', () => {
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [0, 2, 1, 3],
      [1, 3, 0, 2],
      [0, 0, 1, 1, 2, 3],
    ];
    for (const order of orders) {
      const space = new MemorySpace();
      const names = ['a', 'b'].flatMap((resource) =>
        ['x', 'y'].map((attribute): Name => ['default', 'app', resource, attribute]),
      );
      const woken: number[] = [];
      for (const [i, each] of names.entries()) space.subscribe(each, () => woken.push(i));
      for (const i of order) space.write(names[i] as Name, i);
      expect(woken).toEqual([...new Set(order)]);
      expect(names.map((each) => space.tryRead(each))).toEqual(names.map((_, i) => ({ value: i })));
    }
  });
});

describe('values that are written together', () => {
  test.each([
    { rule: 'are each read, watched and kept apart', before: (_space: MemorySpace) => {} },
    {
      rule: 'wake who waits for one of them',
      before: (space: MemorySpace) => space.subscribe(name('address'), () => {}),
    },
  ])('$rule', async ({ before }) => {
    const space = new MemorySpace();
    const region = declared(space);
    before(space);
    region.writeAll?.('web', { address: 'a', port: 80 }, 0);
    expect(space.blockedReads).toBe(0);
    expect(space.tryRead(name('address'))).toEqual({ value: 'a' });
    expect(region.tryRead('web', 'port')).toEqual({ value: 80 });
    expect(space.tryRead(name('user'))).toBeUndefined();
    region.write('web', 'user', 'u');
    const watch = space.watch(['default', 'app'])[Symbol.asyncIterator]();
    for (const value of ['a', 80, 'u']) expect((await watch.next()).value?.entry).toEqual({ value });
    await watch.return?.();
    expect(thrownBy(() => region.writeAll?.('web', { port: 81 }, 0)).code).toBe('ConflictingWrite');
    region.close();
    expect(space.tryRead(name('address'))).toBeUndefined();
  });

  test('are all refused when one of them is not declared', () => {
    const space = new MemorySpace();
    const region = declared(space);
    expect(thrownBy(() => region.writeAll?.('web', { address: 'a', adress: 'b' }, 0)).code).toBe('UndeclaredWrite');
    expect(space.tryRead(name('address'))).toBeUndefined();
  });
});

describe('cost', () => {
  test('a resource with many attributes is written in linear time and keeps them apart', () => {
    const space = new MemorySpace();
    const names = Array.from({ length: 5000 }, (_, index): Name => ['default', 'board', 'ticket', String(index)]);
    for (const each of names) space.write(each, each[3]);
    expect(names.every((each) => (space.tryRead(each) as { value: string }).value === each[3])).toBe(true);
  });

  test('100,000 resources are declared without a cell for any', () => {
    const space = new MemorySpace();
    const outputs = new Map(Array.from({ length: 100_000 }, (_, index) => [`r${index}`, ['address']] as const));
    const region = space.declare('default', 'app', outputs);
    expect(space.isDeclared(['default', 'app', 'r99999', 'address'])).toBe(true);
    region.write('r99999', 'address', 1);
    expect(space.tryRead(['default', 'app', 'r99999', 'address'])).toEqual({ value: 1 });
  });

  test('an object that was checked before is kept, not copied', () => {
    const space = new MemorySpace();
    space.write(name('a'), { list: [1] });
    const first = space.tryRead(name('a')) as { value: object };
    space.write(name('b'), first.value as never);
    expect((space.tryRead(name('b')) as { value: object }).value).toBe(first.value);
    expect(Object.isFrozen(first.value)).toBe(true);
  });
});

describe('closing', () => {
  test('afterwards names can be written and read, but nothing waits', async () => {
    const space = new MemorySpace();
    const region = declared(space);
    space.close();
    space.close();
    region.write('web', 'address', 'late');
    await expect(space.read(name('address'))).resolves.toBe('late');
    await expect(space.read(name('port'))).rejects.toMatchObject({ code: 'ReadAborted' });
    const watch = space.watch(['default'])[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ entry: { value: 'late' } });
    expect(await watch.next()).toEqual({ done: true, value: undefined });
    expect(space.blockedReads).toBe(0);
  });

  test('a watch that waits is ended by return, from outside the loop too', async () => {
    const watch = new MemorySpace().watch([])[Symbol.asyncIterator]();
    const waiting = [watch.next(), watch.next()];
    await watch.return?.();
    expect(await Promise.all(waiting)).toEqual(Array(2).fill({ done: true, value: undefined }));
  });
});

describe('errors, as people see them', () => {
  const cases: readonly (readonly [string, (space: MemorySpace, region: Region) => unknown, string])[] = [
    [
      'UndeclaredWrite',
      (_space, region) => region.write('web', 'adress', 1),
      [
        "'default.app.web.adress' cannot be written: 'web' does not declare the attribute 'adress'.",
        '  Readers are ordered by what a resource declares, before any handler runs.',
        "  Did you mean 'address'? It declares 'address', 'port' and 'user'.",
      ].join('\n'),
    ],
    [
      'ConflictingWrite',
      (_space, region) => {
        region.write('web', 'port', 1);
        region.write('web', 'port', 2);
      },
      [
        "'default.app.web.port' has been written before, with a different value.",
        '  A name is written once in one operation on a stack, so that every reader sees the same value.',
        '  Write the value once, when it is final; a retry has to write the same value again.',
      ].join('\n'),
    ],
    [
      'NotTheWriter',
      (space) => space.write(name('port'), 1),
      [
        "'default.app.web.port' cannot be written from outside.",
        "  It is the attribute 'port' of the resource 'web' of stack 'app', and only that resource writes it.",
        '  Write a name that no stack declares, and let the template read that one by get_data.',
      ].join('\n'),
    ],
  ];
  test.each(cases)('%s', (code, act, text) => {
    const space = new MemorySpace();
    const error = thrownBy(() => act(space, declared(space)));
    expect([error.code, error.message]).toEqual([code, text]);
  });

  test('WriterFailed tells the root of the chain first', async () => {
    const space = new MemorySpace();
    const region = declared(space);
    const read = space.read(name('address'));
    region.fail('web', new ResourceFailure({ what: 'web failed', cause: new Error('quota exceeded') }));
    await expect(read).rejects.toThrow(
      [
        "'default.app.web.address' will not be written: quota exceeded",
        '  Its writer failed, was cancelled, or was skipped because of that.',
        '  Remove the cause and run the action again.',
      ].join('\n'),
    );
  });
});
