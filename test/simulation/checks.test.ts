import { describe, expect, test } from '@jest/globals';
import type { EngineEvent } from '../../src/events.ts';
import { CHECKS, checkPlay, sameLog, sameUnderEverySchedule } from './checks.ts';
import type { Entry } from './log.ts';
import { type Leftovers, type Play, play } from './play.ts';
import { GRACE_MS, type ResourceSketch, type Scenario, type StackSketch } from './scenario.ts';
import type { Schedule } from './stage.ts';

const PLAIN: Schedule = {
  seed: 1,
  concurrency: Number.POSITIVE_INFINITY,
  isShuffled: false,
  hasSlowStore: false,
  hasSlowSpace: false,
};

const WORK = { do: 'work', ms: 5, heedsSignal: true } as const;
const MAKE = [{ do: 'make' }, { do: 'tell' }] as const;

function resource(name: string, part: Partial<ResourceSketch>): ResourceSketch {
  const sketch = {
    name,
    type: 'Sim::Plain',
    isEnabled: true,
    dependsOn: [],
    inputs: {},
    outputs: {},
    removalMs: 1,
  } as const;
  const branches = [
    [...MAKE, WORK, { do: 'write', attribute: 'x' } as const, { do: 'write', attribute: 'y' } as const],
  ];
  return { ...sketch, branches, ...part };
}

function scenario(...stacks: readonly Pick<StackSketch, 'name' | 'resources'>[]): Scenario {
  const rest = { startMs: 0, outputs: {}, rollback: false, cancelMs: undefined, timeoutMs: 2500 } as const;
  return { seed: 1, stacks: stacks.map((stack) => ({ ...stack, ...rest })), outside: [], kill: undefined };
}

/** b and c read a's x. */
const FORK = scenario({
  name: 'one',
  resources: [resource('a', {}), resource('b', { inputs: { a: ['a.x'] } }), resource('c', { inputs: { a: ['a.x'] } })],
});

/** Each waits for the other, through two stacks. */
const DEADLOCK = scenario(
  { name: 'one', resources: [resource('a', { inputs: { a: ['two.b.x'] } })] },
  { name: 'two', resources: [resource('b', { inputs: { a: ['one.a.x'] } })] },
);

/** Waits for what somebody outside writes. */
const FROM_OUTSIDE: Scenario = {
  ...scenario({ name: 'one', resources: [resource('a', { inputs: { a: ['ops.a.b'] } })] }),
  outside: [{ name: 'ops.a.b', atMs: 20 }],
};

type Told<T extends EngineEvent['type']> = Entry & { readonly kind: 'told'; readonly event: EngineEvent & { type: T } };

function isTold<T extends EngineEvent['type']>(entry: Entry, type: T): entry is Told<T> {
  return entry.kind === 'told' && entry.event.type === type;
}

function isMake(entry: Entry): boolean {
  return entry.kind === 'world' && entry.did === 'make';
}

function isState(entry: Entry, name: string, state: string): boolean {
  return (
    isTold(entry, 'resource') &&
    entry.event.resource === name &&
    `${entry.event.action}_${entry.event.status}` === state
  );
}

function withLog(played: Play, change: (log: Entry[]) => readonly Entry[]): Play {
  return { ...played, log: change([...played.log]) };
}

function withLeft(played: Play, left: Partial<Leftovers>): Play {
  return { ...played, left: { ...played.left, ...left } };
}

function cancelledAtOnce(played: Play): Play {
  const stacks = played.scenario.stacks.map((stack) => ({ ...stack, cancelMs: 0 }));
  return { ...played, scenario: { ...played.scenario, stacks } };
}

function withEnd(played: Play, part: object): Play {
  return { ...played, ends: { ...played.ends, one: { ...played.ends.one, ...part } as never } };
}

/** The entries that match come before all others of their kind that follow on the first that `before` matches. */
function moved(
  log: readonly Entry[],
  what: (entry: Entry) => boolean,
  before: (entry: Entry) => boolean,
): readonly Entry[] {
  const at = log.findIndex(before);
  const time = log[at]?.time ?? 0;
  const [moving] = log.filter(what);
  return [...log.slice(0, at), { ...(moving as Entry), time }, ...log.slice(at).filter((entry) => entry !== moving)];
}

function circleEvent(type: 'read:didDeadlock' | 'read:didStall'): Entry {
  const cycle = ['default.one.b.a waits for default.one.a.x', 'default.one.a.b waits for default.one.b.x'];
  return { time: 2, kind: 'told', event: { type, time: 2, space: 'default', stack: 'one', cycle, reason: '' } };
}

const isStart = (entry: Entry): boolean => entry.kind === 'handler' && entry.did === 'start';

/** One thing that an engine must never do for each check, told of a play that went well. */
const WRONGS: readonly (readonly [check: string, scenario: Scenario, wrong: (played: Play) => Play])[] = [
  [
    'inputsAreThere',
    FORK,
    (played) =>
      withLog(played, (log) =>
        moved(log, (entry) => entry.kind === 'handler' && entry.resource === 'b' && entry.did === 'start', isStart),
      ),
  ],
  [
    'readersSeeWhatWasWritten',
    FORK,
    (played) =>
      withLog(played, (log) =>
        log.map((entry) => (entry.kind === 'handler' && entry.did === 'get' ? { ...entry, value: ['other'] } : entry)),
      ),
  ],
  ['nothingIsSeenUnstored', FORK, (played) => withLog(played, (log) => log.filter(({ kind }) => kind !== 'stored'))],
  [
    'noneWaitsForMore',
    FORK,
    (played) =>
      withLog(played, (log) => {
        const at = log.findIndex((entry) => isState(entry, 'b', 'CREATE_IN_PROGRESS'));
        return log.map((entry, index) => (index < at ? entry : { ...entry, time: entry.time + 10 }));
      }),
  ],
  ['slotsKeepTheirBound', FORK, (played) => ({ ...played, schedule: { ...PLAIN, concurrency: 1 } })],
  ['deadlocksAreReal', FORK, (played) => withLog(played, (log) => [...log, circleEvent('read:didDeadlock')])],
  ['stallsAreReal', FORK, (played) => withLog(played, (log) => [...log, circleEvent('read:didStall')])],
  [
    'circlesAreReported',
    DEADLOCK,
    (played) =>
      withLog(played, (log) =>
        log.slice(
          0,
          log.findIndex((entry) => isTold(entry, 'read:didDeadlock')),
        ),
      ),
  ],
  [
    'readersAreReleasedOnce',
    FORK,
    (played) => withLog(played, (log) => log.filter((entry) => !isTold(entry, 'read:willBlock'))),
  ],
  [
    'failedReadsHaveAReason',
    FORK,
    (played) =>
      withLog(played, (log) =>
        log.map((entry) =>
          entry.kind === 'handler' && entry.did === 'get'
            ? { ...entry, did: 'miss' }
            : isTold(entry, 'name:didPublish') || entry.kind === 'arrived'
              ? { time: entry.time, kind: 'outside', name: 'ops.a.b' }
              : entry,
        ),
      ),
  ],
  [
    'quietStacksAreQuiet',
    FORK,
    (played) =>
      withLog(played, (log) => {
        const quiet = { type: 'stack:didQuiesce', time: 0, space: 'default', stack: 'one', waiting: [] } as const;
        const at = log.findIndex((entry) => isState(entry, 'a', 'CREATE_IN_PROGRESS'));
        return [...log.slice(0, at + 1), { time: 0, kind: 'told', event: quiet }, ...log.slice(at + 1)];
      }),
  ],
  [
    'quietStacksAreTold',
    FROM_OUTSIDE,
    (played) => withLog(played, (log) => log.filter((entry) => !isTold(entry, 'stack:didQuiesce'))),
  ],
  ['refusedExactlyForPortCycles', FORK, (played) => withEnd(played, { code: 'TemplateInvalid' })],
  ['completeWithoutDeadlock', FORK, (played) => withEnd(played, { state: 'CREATE_FAILED' })],
  [
    'deadlockWhereverPortsCircle',
    DEADLOCK,
    (played) => withLog(played, (log) => log.filter((entry) => !isTold(entry, 'read:didDeadlock'))),
  ],
  [
    'stopsInTime',
    FORK,
    (played) =>
      withLog(cancelledAtOnce(played), (log) => log.map((entry) => ({ ...entry, time: entry.time + GRACE_MS }))),
  ],
  ['stopsInTime', FORK, (played) => withEnd(played, { code: 'StackTimeout' })],
  ['stopsInTime', FORK, (played) => withEnd(played, { code: 'ActionCancelled' })],
  [
    'eventsAreLegal',
    FORK,
    (played) => withLog(played, (log) => log.filter((entry) => !isState(entry, 'b', 'CREATE_IN_PROGRESS'))),
  ],
  ['madeOnce', FORK, (played) => withLog(played, (log) => [...log, log.find(isMake) as Entry])],
  [
    'removedAfterItsUsers',
    FORK,
    (played) => {
      const isRemove = (entry: Entry): boolean => entry.kind === 'world' && entry.did === 'remove';
      return withLog(played, (log) =>
        moved(log, (entry) => isRemove(entry) && (entry as { resource: string }).resource === 'a', isRemove),
      );
    },
  ],
  ['nothingIsForgotten', FORK, (played) => withLeft(played, { things: ['one.a'] })],
  ['nothingIsForgotten', FORK, (played) => withLeft(played, { unnoticed: ['one'] })],
  ['nothingIsForgotten', FORK, (played) => withLeft(played, { undeleted: ['no'] })],
  ['nothingIsLeft', FORK, (played) => withLeft(played, { timers: 1 })],
  ['nothingIsLeft', FORK, (played) => withLeft(played, { blockedReads: 1 })],
  ['nothingIsLeft', FORK, (played) => withLeft(played, { listeners: 1 })],
];

describe('a check', () => {
  test.each([FORK, DEADLOCK, FROM_OUTSIDE])('finds nothing wrong in a play that went well', async (each) => {
    expect(checkPlay(await play(each, PLAIN))).toBeUndefined();
  });

  test.each(WRONGS)('%s complains of what must not happen', async (check, each, wrong) => {
    const played = await play(each, PLAIN);
    expect(checkPlay(wrong(played), [check])?.check).toBe(check);
  });

  test('lets what is known by its id alone be left exactly where the engine is killed before the id is stored', async () => {
    const byId = scenario({ name: 'one', resources: [resource('a', { isKnownById: true })] });
    const plays: Play[] = [];
    for (let position = 0; position < 12; position += 1) {
      for (const isStored of [false, true]) plays.push(await play({ ...byId, kill: { position, isStored } }, PLAIN));
    }
    const lost = plays.filter(({ left }) => left.things.length > 0);
    expect(lost.map(({ scenario: { kill } }) => kill?.isStored)).toEqual([false]);
    for (const played of plays) expect(checkPlay(played)).toBeUndefined();
    const kept = plays.filter((played) => played.log.some(isMake) && !lost.includes(played));
    const forgotten = kept.map((played) => withLeft(played, { things: ['one.a'] }));
    // Its handler was answered.
    const told = { time: 0, kind: 'handler', stack: 'one', resource: 'a', did: 'tell' } as const;
    const answered = lost.map((played) => withLog(played, (log) => log.toSpliced(log.findIndex(isMake) + 1, 0, told)));
    for (const wrong of [...forgotten, ...answered])
      expect(checkPlay(wrong, ['nothingIsForgotten'])?.check).toBe('nothingIsForgotten');
    expect(forgotten.length).toBeGreaterThan(10);
  });

  test('is put to the proof here, each of them', () => {
    expect(new Set(WRONGS.map(([check]) => check))).toEqual(new Set(Object.keys(CHECKS)));
  });

  test('sameUnderEverySchedule complains of another value', async () => {
    const played = await play(FORK, PLAIN);
    expect(sameUnderEverySchedule([played, played])).toBeUndefined();
    const other = withEnd(played, { values: { 'a.x': 0 } });
    expect(sameUnderEverySchedule([played, other])?.check).toBe('sameUnderEverySchedule');
  });

  test('sameLog complains of another order', async () => {
    const played = await play(FORK, PLAIN);
    expect(sameLog(played, await play(FORK, PLAIN))).toBeUndefined();
    expect(
      sameLog(
        played,
        withLog(played, (log) => log.reverse()),
      )?.check,
    ).toBe('sameLog');
  });
});
