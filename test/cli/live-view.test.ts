import { describe, expect, test } from '@jest/globals';
import { drawProgress } from '../../src/cli/live-view.ts';
import { printEvent } from '../../src/cli/plain-lines.ts';
import { Progress, phaseOf } from '../../src/cli/progress.ts';
import { printDuration, wrapLine, wrapText } from '../../src/cli/styled-text.ts';
import type { Action, EngineEvent, Status } from '../../src/events.ts';

const base = { space: 'default', stack: 'app' };

function resource(
  time: number,
  name: string,
  status: Status,
  reason = 'state changed',
  action: Action = 'CREATE',
): EngineEvent {
  return {
    type: 'resource',
    time,
    ...base,
    resource: name,
    resourceType: 'T',
    resourceId: undefined,
    action,
    status,
    reason,
  };
}

function stack(time: number, status: Status, action: Action = 'CREATE', reason = ''): EngineEvent {
  return { type: 'stack', time, ...base, action, status, reason };
}

function blocks(
  time: number,
  reader: string,
  names: readonly string[],
  input: string | undefined = 'peer',
): EngineEvent {
  const tuples = names.map(
    (name) => ['default', 'app', ...name.split('.')] as unknown as [string, string, string, string],
  );
  return { type: 'read:willBlock', time, ...base, reader, input, names: tuples };
}

/** A create of these resources, after these events. */
function progressOf(names: string, ...events: readonly EngineEvent[]): Progress {
  const resources = names.split(' ').map((name) => ({ name, type: 'Test::Thing' }));
  const progress = new Progress({ ...base, action: 'CREATE', startedAt: 0, resources });
  for (const event of events) progress.apply(event);
  return progress;
}

function draw(
  progress: Progress,
  now: number,
  size: { columns?: number; rows?: number; notice?: string; store?: string } = {},
): string {
  const lines = drawProgress(progress, { columns: 120, rows: 24, now, ...size });
  return lines
    .map((line) =>
      line
        .map(([text]) => text)
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

describe('the live view', () => {
  test('each resource with its state, its time, and what it waits for', () => {
    const progress = progressOf(
      'db node web',
      stack(0, 'IN_PROGRESS'),
      resource(0, 'db', 'IN_PROGRESS'),
      resource(0, 'node', 'IN_PROGRESS'),
      blocks(0, 'web', ['node.url', 'db.url'], 'urls'),
      blocks(1000, 'node', ['db.address']),
    );
    expect(draw(progress, 4200)).toBe(`⠹ app  CREATE_IN_PROGRESS  4.2 s  1 at work · 1 blocked · 1 not started
  ● db    Test::Thing  CREATE_IN_PROGRESS    4.2 s
  ◌ node  Test::Thing  CREATE_IN_PROGRESS    4.2 s  waits 3.2 s for db.address (running)
  · web   Test::Thing  not started                  waits 4.2 s for node.url (blocked) and 1 more`);
  });

  test('who waits for signals, and who is paused at a hook, before its turn and after it', () => {
    const event = (time: number, name: string, action: Action, reason: string): EngineEvent =>
      resource(time, name, 'COMPLETE', reason, action);
    const pause = (time: number, name: string, hook: string): EngineEvent => {
      return { type: 'hook:didPause', time, ...base, resource: name, hook, since: time };
    };
    const events: readonly EngineEvent[] = [
      stack(0, 'IN_PROGRESS'),
      event(0, 'db', 'INIT', 'CREATE paused until Hook pre-create is cleared'),
      pause(0, 'db', 'pre-create'),
      resource(0, 'handle', 'IN_PROGRESS'),
      resource(1, 'handle', 'COMPLETE'),
      resource(1, 'wait', 'IN_PROGRESS'),
      { ...blocks(1, 'wait', ['handle.signals']), input: undefined, awaits: 'signals' } as EngineEvent,
      resource(1, 'web', 'IN_PROGRESS'),
      resource(2000, 'web', 'COMPLETE'),
      event(2000, 'web', 'CREATE', 'CREATE paused until Hook post-create is cleared'),
      pause(2000, 'web', 'post-create'),
    ];
    const progress = progressOf('db handle wait web', ...events);
    expect(
      draw(progress, 4200, { columns: 150 }),
    ).toBe(`⠹ app  CREATE_IN_PROGRESS  4.2 s  1 complete · 1 blocked · 2 paused at a hook
  ‖ db      Test::Thing  not started                  paused 4.2 s until pre-create is cleared
  ✔ handle  Test::Thing  CREATE_COMPLETE       0.0 s
  ◌ wait    Test::Thing  CREATE_IN_PROGRESS    4.2 s  waits 4.2 s for handle.signals (from outside)
  ‖ web     Test::Thing  CREATE_COMPLETE       2.0 s  paused 2.2 s until post-create is cleared

To clear the hooks: hotloom hook-clear app db web`);
    expect(draw(progress, 4200, { columns: 80 })).toContain('  paused 4.2 s until pre-create is cleared\n');
    expect(draw(progress, 4200, { columns: 80, store: 'my store.db' }).split('\n').at(-1)).toBe(
      "To clear the hooks: hotloom hook-clear app db web --store 'my store.db'",
    );
    progress.apply({ type: 'hook:didClear', time: 4200, ...base, resource: 'db', hook: 'pre-create' });
    progress.apply({ type: 'hook:didClear', time: 4200, ...base, resource: 'web', hook: 'post-create' });
    const phases = ['db', 'web'].map((name) => phaseOf(progress.resource(name) as never));
    expect(phases).toEqual(['waiting', 'complete']);
  });

  test.each<{ what: string; events: readonly EngineEvent[]; states: string }>([
    {
      what: 'is replaced is told as what has replaced it, once that is gone',
      events: [
        resource(0, 'db', 'IN_PROGRESS'),
        resource(1, 'db', 'COMPLETE'),
        resource(2, 'db', 'IN_PROGRESS', 'state changed', 'DELETE'),
        resource(3, 'db', 'COMPLETE', 'state changed', 'DELETE'),
        resource(3, 'old', 'COMPLETE', 'state changed', 'DELETE'),
      ],
      states: 'db CREATE_COMPLETE, old DELETE_COMPLETE, fresh UPDATE_COMPLETE',
    },
    {
      what: 'had been replaced takes its place again in a rollback',
      events: [
        resource(0, 'db', 'IN_PROGRESS'),
        resource(1, 'db', 'COMPLETE'),
        resource(1, 'fresh', 'COMPLETE'),
        stack(2, 'IN_PROGRESS', 'ROLLBACK'),
        resource(2, 'db', 'IN_PROGRESS', 'state changed', 'DELETE'),
        resource(3, 'db', 'COMPLETE', 'state changed', 'DELETE'),
        resource(3, 'new', 'COMPLETE', 'state changed', 'DELETE'),
      ],
      states: 'db UPDATE_COMPLETE, old UPDATE_COMPLETE, fresh CREATE_COMPLETE, new DELETE_COMPLETE',
    },
  ])('in an update, what $what', ({ events, states }) => {
    const there = { type: 'T', action: 'UPDATE', status: 'COMPLETE' } as const;
    const resources = ['db', 'old', 'fresh'].map((name) => ({ name, ...there }));
    const progress = new Progress({ ...base, action: 'UPDATE', startedAt: 0, resources });
    for (const event of events) progress.apply(event);
    expect(progress.resources.map(({ name, action, status }) => `${name} ${action}_${status}`).join(', ')).toBe(states);
  });

  test('a value that is published is waited for no more', () => {
    const published: EngineEvent = {
      type: 'name:didPublish',
      time: 2,
      ...base,
      name: ['default', 'app', 'db', 'address'],
    };
    const progress = progressOf(
      'db node',
      resource(0, 'node', 'IN_PROGRESS'),
      blocks(1, 'node', ['db.address']),
      published,
    );
    expect(phaseOf(progress.resource('node') as never)).toBe('running');
  });

  test('of several reads by name the one that woke is known by when it began', () => {
    const progress = progressOf(
      'node',
      resource(0, 'node', 'IN_PROGRESS'),
      { ...blocks(1, 'node', ['a.x']), input: undefined } as EngineEvent,
      { ...blocks(5, 'node', ['b.x']), input: undefined } as EngineEvent,
      { type: 'read:didWake', time: 9, ...base, reader: 'node', input: undefined, waitedMs: 4 },
    );
    expect(progress.resource('node')?.waits.map(({ since }) => since)).toEqual([1]);
  });

  test('what has ended keeps its time; failures say why; what was skipped says so', () => {
    const progress = progressOf(
      'db web',
      resource(0, 'db', 'IN_PROGRESS'),
      resource(1500, 'db', 'FAILED', 'no\u001b[31m disk'),
      { type: 'resource:wasSkipped', time: 1500, ...base, resource: 'web', reason: "'db' failed" },
      stack(1600, 'FAILED', 'CREATE', 'Resource CREATE failed'),
    );
    expect(draw(progress, 99_000)).toBe(`✖ app  CREATE_FAILED  1.6 s  1 failed · 1 skipped
  ✖ db   Test::Thing  CREATE_FAILED    1.5 s  no disk
  ⊘ web  Test::Thing  skipped                 'db' failed`);
  });

  test('a rollback goes over all again, and tells why there is one', () => {
    const progress = progressOf(
      'db',
      resource(0, 'db', 'IN_PROGRESS'),
      resource(1000, 'db', 'FAILED', 'no disk'),
      stack(1000, 'FAILED', 'CREATE', 'Resource CREATE failed: no disk'),
      stack(1000, 'IN_PROGRESS', 'ROLLBACK'),
      resource(1000, 'db', 'IN_PROGRESS', '', 'DELETE'),
    );
    expect(draw(progress, 2000)).toBe(`⠋ app  ROLLBACK_IN_PROGRESS  2.0 s  1 at work
  ● db  Test::Thing  DELETE_IN_PROGRESS    1.0 s

Resource CREATE failed: no disk`);
  });

  test('a stall is told with its circle, until one of its reads wakes', () => {
    const cycle = ['default.app.a.peer waits for default.app.b.x', 'default.app.b.peer waits for default.app.a.x'];
    const stall: EngineEvent = { type: 'read:didStall', time: 1, ...base, cycle, reason: "The handler of 'a' waits." };
    const wakes: EngineEvent = { type: 'read:didWake', time: 5, ...base, reader: 'b', input: 'peer', waitedMs: 4 };
    const progress = progressOf('a b', stall);
    expect(draw(progress, 1000)).toContain(`! Stall: The handler of 'a' waits.
    default.app.a.peer waits for default.app.b.x
    default.app.b.peer waits for default.app.a.x`);
    progress.apply(wakes);
    expect(draw(progress, 1000)).not.toContain('Stall');
  });

  test('a stall that becomes a deadlock is told as that only', () => {
    const cycle = ['x waits for y', 'y waits for x'];
    const progress = progressOf(
      'a',
      { type: 'read:didStall', time: 1, ...base, cycle, reason: 'So.' },
      { type: 'read:didDeadlock', time: 2, ...base, cycle: [...cycle].reverse() },
    );
    expect(progress.circles.map(({ kind }) => kind)).toEqual(['deadlock']);
  });

  test('quiescence is told until something happens', () => {
    const waiting = [
      {
        reader: 'web',
        input: 'x',
        name: ['default', 'ops', 'release', 'ok'] as const,
        since: 0,
        writer: 'outside' as const,
        reason: 'nobody has written it',
      },
    ];
    const progress = progressOf('web', { type: 'stack:didQuiesce', time: 1, ...base, waiting });
    expect(draw(progress, 1000)).toContain(
      '! Nothing can go on by itself:\n    web waits for default.ops.release.ok: nobody has written it',
    );
    progress.apply(resource(2, 'web', 'IN_PROGRESS'));
    expect(draw(progress, 1000)).not.toContain('Nothing can go on');
  });

  test('what does not fit is told in numbers: complete ones give way first, failed ones last', () => {
    const names = Array.from({ length: 30 }, (_, index) => `r${index}`);
    const progress = progressOf(
      names.join(' '),
      ...names.slice(0, 10).flatMap((name) => [resource(0, name, 'IN_PROGRESS'), resource(1, name, 'COMPLETE')]),
      ...names.slice(10, 14).map((name) => resource(0, name, 'IN_PROGRESS')),
      resource(1, 'r10', 'FAILED', 'broken'),
    );
    expect(
      draw(progress, 1000, { rows: 10 }),
    ).toBe(`⠋ app  CREATE_IN_PROGRESS  1.0 s  10 complete · 3 at work · 16 not started · 1 failed
  ✔ 10 complete
  · 14 more waiting for their turn
  ✖ r10  Test::Thing  CREATE_FAILED         0.0 s  broken
  ● r11  Test::Thing  CREATE_IN_PROGRESS    1.0 s
  ● r12  Test::Thing  CREATE_IN_PROGRESS    1.0 s
  ● r13  Test::Thing  CREATE_IN_PROGRESS    1.0 s
  · r14  Test::Thing  not started
  · r15  Test::Thing  not started`);
  });

  test('no line is wider than the terminal, and in a narrow one the types give way', () => {
    const progress = progressOf(
      'node',
      resource(0, 'node', 'IN_PROGRESS'),
      blocks(0, 'node', ['very-long-name-of-a-peer.address']),
    );
    const text = draw(progress, 1000, {
      columns: 50,
      notice: 'Cancelling, until what is at work has stopped. Ctrl-C again ends at once.',
    });
    expect(text.split('\n').every((line) => line.length <= 50)).toBe(true);
    expect(text).not.toContain('Test::Thing');
    expect(text).toContain('Cancelling, until what is at work has stopped.\nCtrl-C again ends at once.');
  });

  test('what is waited for has the first claim on room: types, actions and long names give way to it', () => {
    const progress = progressOf(
      'a-name-that-is-quite-long-for-a-resource web',
      resource(0, 'web', 'IN_PROGRESS'),
      blocks(0, 'web', ['peer.address']),
    );
    expect(draw(progress, 1000, { columns: 60 })).toBe(`⠋ app  CREATE_IN_PROGRESS  1.0 s  1 blocked · 1 not started
  · a-name-…  not started
  ◌ web       IN_PROGRESS    1.0 s  waits 1.0 s for peer.ad…`);
    expect(draw(progress, 1000, { columns: 50 }).split('\n').slice(0, 2)).toEqual([
      '⠋ app  CREATE_IN_PROGRESS  1.0 s',
      '  1 blocked · 1 not started',
    ]);
    expect(draw(progress, 1000, { columns: 80 })).toContain('waits 1.0 s for peer.address (');
  });

  test('events of other stacks change nothing', () => {
    const progress = progressOf('db', { ...resource(0, 'db', 'IN_PROGRESS'), stack: 'other' } as EngineEvent);
    expect(phaseOf(progress.resource('db') as never)).toBe('waiting');
  });
});

describe('plain lines', () => {
  test.each([
    {
      event: stack(0, 'IN_PROGRESS', 'CREATE', 'Stack CREATE started'),
      line: '[app]: CREATE_IN_PROGRESS  Stack CREATE started',
    },
    { event: resource(0, 'web', 'COMPLETE'), line: '[app.web]: CREATE_COMPLETE  state changed' },
    { event: resource(0, 'web', 'FAILED', 'a\nb\u001b[2J'), line: '[app.web]: CREATE_FAILED  a b' },
  ])('$line', ({ event, line }) => expect(printEvent(event)).toBe(`1970-01-01 00:00:00.000Z ${line}`));

  test('reads and published names are too many to be lines', () => {
    expect(printEvent(blocks(0, 'a', ['b.c']))).toBeUndefined();
  });
});

test.each([
  { ms: 0, text: '0.0 s' },
  { ms: 449, text: '0.4 s' },
  { ms: 59_940, text: '59.9 s' },
  { ms: 59_960, text: '1 min 00 s' },
  { ms: 123_400, text: '2 min 03 s' },
  { ms: 3_723_000, text: '1 h 02 min' },
])('$ms ms are $text', ({ ms, text }) => expect(printDuration(ms)).toBe(text));

test('a text without spaces is broken at the width', () => {
  expect(wrapText('abcdefgh ij', 4)).toEqual(['abcd', 'efgh', 'ij']);
});

test('a line of pieces is broken after spaces, and goes on below its text', () => {
  const wrapped = (width: number) =>
    wrapLine([['± db', 'strong'], ['  '], ['replace', 'bad'], [': it is not well']], width, 4).map((line) =>
      line
        .map(([text]) => text)
        .join('')
        .trimEnd(),
    );
  expect(wrapped(80)).toEqual(['± db  replace: it is not well']);
  expect(wrapped(20)).toEqual(['± db  replace: it is', '    not well']);
  expect(wrapped(12)).toEqual(['± db', '    replace:', '    it is', '    not well']);
  expect(wrapped(3)).toEqual(['± db', '    replace', '    :', '    it', '    is', '    not', '    well']);
});
