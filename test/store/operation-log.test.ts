import { describe, expect, test } from '@jest/globals';
import type { Action, Status } from '../../src/events.ts';
import { OperationLog } from '../../src/store/operation-log.ts';
import type { Claim, OperationRecord, ResourceRecord, StoreChange } from '../../src/store/stack-store.ts';

const claim = (fence = 1): Claim => ({
  stackId: 'id',
  claimant: {
    engineId: 'engine',
    host: 'here',
    pid: 7,
    processStart: 'then',
    actor: 'ann@here',
    leaseMs: 30_000,
  },
  fence,
});

const stack = (action: Action, status: Status, time: number, reason = ''): StoreChange => ({
  kind: 'stack',
  action,
  status,
  reason,
  time,
});

/** `web CREATE COMPLETE`, an event of the resource; `web! CREATE COMPLETE`, one that tells of a hook in that state; `web//1=web DELETE IN_PROGRESS` of one that was replaced. */
function changeOf(text: string): StoreChange {
  const [names = '', action, status] = text.split(' ') as [string, Action, Status];
  if (status === undefined) throw new Error(text);
  const [name = '', replacedName] = names.split('=');
  if (name.endsWith('!') || (action === 'DELETE' && status === 'COMPLETE')) {
    const resource = name.replace('!', '');
    const event = { type: 'resource', time: 0, space: 'default', stack: 's', resource, action, status } as const;
    return { kind: 'event', event: { ...event, resourceType: 'T', resourceId: undefined, reason: '' } };
  }
  const record = { name, ...(replacedName === undefined ? {} : { replacedName }), action, status } as ResourceRecord;
  // What is taken aside is no event.
  return { kind: 'resource', record, isEvent: replacedName === undefined || action === 'DELETE' };
}

function operationsOf(changes: readonly StoreChange[], last?: OperationRecord, fence = 1): readonly OperationRecord[] {
  const log = new OperationLog(claim(fence), last);
  for (const change of changes) log.note(change);
  return log.takeChanged();
}

/** `created a b, deleted 25: c d`. */
function print({ changes }: OperationRecord): string {
  const parts = Object.entries(changes).map(([what, { count, names }]) =>
    count === names.length ? `${what} ${names.join(' ')}` : `${what} ${count}: ${names.join(' ')}`,
  );
  return parts.join(', ');
}

describe('what an operation has done', () => {
  test.each([
    ['a CREATE COMPLETE; b CREATE COMPLETE', 'created a b'],
    ['a CREATE IN_PROGRESS; b INIT COMPLETE; c CHECK COMPLETE', ''],
    ['a! CREATE COMPLETE; b! SUSPEND COMPLETE; c! DELETE FAILED', ''],
    ['a UPDATE COMPLETE; b DELETE COMPLETE', 'updated a, deleted b'],
    ['a CREATE FAILED; a CREATE COMPLETE', 'created a, failed a'],
    [
      'a CHECK FAILED; b SUSPEND COMPLETE; c RESUME COMPLETE; d ADOPT COMPLETE',
      'adopted d, suspended b, resumed c, failed a',
    ],
    // Replaced: the new one first, the old one first, and when an engine goes on with it.
    ['a//1=a CREATE COMPLETE; a CREATE COMPLETE; a//1=a DELETE IN_PROGRESS; a DELETE COMPLETE', 'replaced a'],
    ['a DELETE COMPLETE; a CREATE COMPLETE; b DELETE COMPLETE', 'replaced a, deleted b'],
    ['a CREATE COMPLETE; a//1=a DELETE IN_PROGRESS; a DELETE COMPLETE', 'replaced a'],
    ['a//1=a DELETE IN_PROGRESS; a DELETE COMPLETE', ''],
    ['a//1=a DELETE FAILED', 'failed a'],
  ])('%s: %s', (changes, told) => {
    const [operation] = operationsOf([stack('UPDATE', 'IN_PROGRESS', 1), ...changes.split('; ').map(changeOf)]);
    expect(print(operation as OperationRecord)).toBe(told);
  });

  test('counts all, and names the first 20', () => {
    const made = Array.from({ length: 10_000 }, (_, index) => changeOf(`r${index} CREATE COMPLETE`));
    const [operation] = operationsOf([stack('CREATE', 'IN_PROGRESS', 1), ...made]);
    const names = Array.from({ length: 20 }, (_, index) => `r${index}`);
    expect(operation?.changes).toEqual({ created: { count: 10_000, names } });
    expect(JSON.stringify(operation).length).toBeLessThan(500);
  });

  test('counts those beyond the first 20 once, whatever was done to them', () => {
    const both = (index: number): readonly StoreChange[] => [
      changeOf(`r${index} DELETE COMPLETE`),
      changeOf(`r${index} CREATE COMPLETE`),
    ];
    const replaced = Array.from({ length: 50 }, (_, index) => both(index)).flat();
    const [operation] = operationsOf([stack('UPDATE', 'IN_PROGRESS', 1), ...replaced]);
    expect(operation?.changes).toEqual({ replaced: { count: 50, names: expect.any(Array) } });
  });
});

test('an operation begins and ends with the stack, and what was cleared away before belongs to it', () => {
  const told = operationsOf([
    changeOf('x DELETE COMPLETE'),
    stack('UPDATE', 'IN_PROGRESS', 5, 'Stack UPDATE resumed'),
    changeOf('a UPDATE COMPLETE'),
    stack('UPDATE', 'FAILED', 9, 'y'.repeat(2000)),
    stack('ROLLBACK', 'IN_PROGRESS', 9, 'Stack ROLLBACK started'),
    changeOf('a UPDATE COMPLETE'),
  ]);
  const by = { actor: 'ann@here', host: 'here', pid: 7, fence: 1 };
  expect(told).toEqual([
    {
      number: 1,
      action: 'UPDATE',
      status: 'FAILED',
      reason: `${'y'.repeat(999)}…`,
      startedAt: 5,
      endedAt: 9,
      ...by,
      changes: { deleted: { count: 1, names: ['x'] }, updated: { count: 1, names: ['a'] } },
    },
    {
      number: 2,
      action: 'ROLLBACK',
      status: 'IN_PROGRESS',
      reason: 'Stack ROLLBACK started',
      startedAt: 9,
      endedAt: undefined,
      ...by,
      changes: { updated: { count: 1, names: ['a'] } },
    },
  ]);
});

test('what one has done is not told of another that follows on it before it was told to have ended', () => {
  const told = operationsOf([
    stack('CREATE', 'IN_PROGRESS', 1),
    changeOf('a CREATE COMPLETE'),
    stack('DELETE', 'IN_PROGRESS', 2),
    changeOf('b DELETE COMPLETE'),
  ]);
  expect(told.map(print)).toEqual(['created a', 'deleted b']);
});

test('it is told again only when something of it has changed', () => {
  const log = new OperationLog(claim(), undefined);
  log.note(stack('CREATE', 'IN_PROGRESS', 1));
  expect(log.takeChanged().length).toBe(1);
  log.note(changeOf('a CREATE IN_PROGRESS'));
  expect(log.takeChanged()).toEqual([]);
  log.note(changeOf('a CREATE COMPLETE'));
  expect(log.takeChanged().map(print)).toEqual(['created a']);
});

test('another claim goes on with the stack, but not with the operation', () => {
  const [last] = operationsOf([stack('CREATE', 'IN_PROGRESS', 1), changeOf('a CREATE COMPLETE')]);
  const more = [stack('CREATE', 'IN_PROGRESS', 2), changeOf('b CREATE COMPLETE')];
  expect(operationsOf(more, last, 1).map((each) => [each.number, print(each)])).toEqual([[1, 'created a b']]);
  expect(operationsOf(more, last, 2).map((each) => [each.number, print(each)])).toEqual([[2, 'created b']]);
});

test('what is stored outside of an operation is none', () => {
  expect(operationsOf([changeOf('a CREATE FAILED'), stack('CREATE', 'FAILED', 1)])).toEqual([]);
});

/** `web` has got a signal, or is marked in that state. */
function signal(resource: string, time: number, reason = `to ${resource}`): StoreChange {
  const event = { type: 'resource', time, space: 'default', stack: 's', resource } as const;
  const kind = { resourceType: 'T', resourceId: undefined, action: 'SIGNAL', status: 'COMPLETE' } as const;
  return { kind: 'event', event: { ...event, ...kind, reason } };
}
function mark(name: string, status: Status, time: number): StoreChange {
  const record = { name, action: 'CHECK', status, reason: 'seen', updatedAt: time } as ResourceRecord;
  return { kind: 'resource', record, isEvent: true };
}
const brief = (operations: readonly OperationRecord[]) =>
  operations.map((each) => {
    const { number, action, status, reason, startedAt, endedAt, fence } = each;
    return `${number} ${action}_${status} ${startedAt}-${endedAt} by claim ${fence}: ${reason}: ${print(each)}`;
  });

test('a mark is an operation by itself; one that a check sets belongs to that', () => {
  expect(brief(operationsOf([mark('a', 'FAILED', 3), mark('a', 'COMPLETE', 5)]))).toEqual([
    '1 MARK_UNHEALTHY_COMPLETE 3-3 by claim 1: seen: marked a',
    '2 MARK_UNHEALTHY_COMPLETE 5-5 by claim 1: seen: unmarked a',
  ]);
  // A group, with its members.
  expect(brief(operationsOf([mark('a', 'FAILED', 3), mark('b', 'FAILED', 3), mark('c', 'FAILED', 4)]))).toEqual([
    '1 MARK_UNHEALTHY_COMPLETE 3-3 by claim 1: seen: marked a b',
    '2 MARK_UNHEALTHY_COMPLETE 4-4 by claim 1: seen: marked c',
  ]);
  expect(brief(operationsOf([stack('CHECK', 'IN_PROGRESS', 1, 'started'), mark('a', 'FAILED', 3)]))).toEqual([
    '1 CHECK_IN_PROGRESS 1-undefined by claim 1: started: failed a',
  ]);
});

test('signals of one actor that come one after the other are one operation; those that an action gets belong to that', () => {
  const [first] = operationsOf([signal('a', 1), signal('a', 2), signal('b', 3)]);
  expect(brief([first as OperationRecord])).toEqual(['1 SIGNAL_COMPLETE 1-3 by claim 1: to b: signalled a b']);
  expect(brief(operationsOf([signal('c', 7)], first, 2))).toEqual([
    '1 SIGNAL_COMPLETE 1-7 by claim 2: to c: signalled a b c',
  ]);
  const others = [
    { ...(first as OperationRecord), actor: 'bob@here' },
    { ...(first as OperationRecord), host: 'away' },
  ];
  for (const other of others) {
    expect(brief(operationsOf([signal('c', 7)], other, 2))).toEqual([
      '2 SIGNAL_COMPLETE 7-7 by claim 2: to c: signalled c',
    ]);
  }
  const during = [stack('UPDATE', 'IN_PROGRESS', 4, 'started'), ...['a', 'b', 'a'].map((name) => signal(name, 5))];
  expect(
    brief(operationsOf([...during, signal('a', 6), stack('UPDATE', 'COMPLETE', 8, 'done'), signal('a', 9)], first)),
  ).toEqual([
    '2 UPDATE_COMPLETE 4-8 by claim 1: done: signalled a b',
    '3 SIGNAL_COMPLETE 9-9 by claim 1: to a: signalled a',
  ]);
  const [, many] = operationsOf([
    stack('UPDATE', 'IN_PROGRESS', 4),
    stack('UPDATE', 'COMPLETE', 4),
    ...Array.from({ length: 30 }, (_, index) => signal(`r${index}`, 5)),
  ]);
  expect([many?.changes.signalled?.count, many?.changes.signalled?.names.length]).toEqual([30, 20]);
});

test('a resource that gets many signals in an action counts once, also beyond those that are named', () => {
  const signals = Array.from({ length: 50 }, (_, index) => [signal(`r${index}`, 5), signal(`r${index}`, 6)]).flat();
  const [operation] = operationsOf([stack('UPDATE', 'IN_PROGRESS', 4), ...signals]);
  expect(operation?.changes.signalled?.count).toBe(50);
});
