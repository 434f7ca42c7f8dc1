import { describe, expect, test } from '@jest/globals';
import { tellRemains } from '../../src/cli/hints.ts';
import { ioDouble } from './io-double.ts';

const server = { name: 'server', state: 'CREATE_COMPLETE' };

describe('what remains of a stack is told with', () => {
  test.each([
    ['CREATE_FAILED', 'To go on: hotloom update app --existing\nTo remove it: hotloom delete app\n'],
    ['ROLLBACK_FAILED', 'To go on: hotloom update app --existing\nTo remove it: hotloom delete app\n'],
    ['SUSPEND_FAILED', 'To go on: hotloom suspend app\nTo remove it: hotloom delete app\n'],
    ['RESUME_FAILED', 'To go on: hotloom resume app\nTo remove it: hotloom delete app\n'],
    ['DELETE_FAILED', 'To remove it: hotloom delete app\n'],
    ['UPDATE_FAILED', 'To go on: hotloom update app --existing\nTo remove it: hotloom delete app\n'],
    ['UPDATE_IN_PROGRESS', 'To go on: hotloom resume app\nTo remove it: hotloom delete app\n'],
    ['DELETE_IN_PROGRESS', 'To remove it: hotloom delete app\n'],
  ])('what may be done next: %s', (state, next) => {
    expect(tellRemains(ioDouble(), { stack: 'app', state, resources: [server] }, { space: 'default' })).toBe(
      `\nStack app is ${state}.\nWhat remains: server (CREATE_COMPLETE)\n${next}`,
    );
  });

  test('nothing to do, when an update was rolled back: the stack is whole', () => {
    const rolledBack = { stack: 'app', state: 'ROLLBACK_COMPLETE', resources: [server] };
    expect(tellRemains(ioDouble(), rolledBack, { space: 'default' })).toBe(
      '\nStack app is ROLLBACK_COMPLETE: it is what it was before.\n',
    );
  });

  test('the deletion, when a create was rolled back: only the record is left', () => {
    const rolledBack = { stack: 'app', state: 'ROLLBACK_COMPLETE', resources: [] };
    expect(tellRemains(ioDouble(), rolledBack, { space: 'eu', store: 'my store.db' })).toBe(
      "\nStack app is ROLLBACK_COMPLETE.\nWhat remains: none of its resources, only the record of it\nTo remove it: hotloom delete app --store 'my store.db' --space eu\n",
    );
  });
});
