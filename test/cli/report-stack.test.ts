import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Progress } from '../../src/cli/progress.ts';
import { reportRemains } from '../../src/cli/report-stack.ts';
import { Engine } from '../../src/engine.ts';
import { ClaimLost, StoreUnusable } from '../../src/errors.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { ioDouble } from './io-double.ts';

describe('of an action that has failed', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = new Engine({ clock: new SimulatedClock() });
    const resources = { a: { type: 'OS::Heat::None' } };
    await engine.create({ stack: 's', template: { heat_template_version: '2021-04-16', resources } });
  });
  afterEach(() => engine.close());

  const report = async (stack: string, failure: unknown) => {
    const io = ioDouble();
    const startedAt = 0;
    const progress = new Progress({ space: 'default', stack, action: 'DELETE', startedAt, resources: [] });
    const at = { time: 0, space: 'default', stack, action: 'DELETE', status: 'FAILED', reason: '' } as const;
    progress.apply({ type: 'resource', ...at, resource: 'a', resourceType: 'OS::Heat::None', resourceId: undefined });
    progress.apply({ type: 'stack', ...at });
    const outcome = { value: undefined, failure, isCancelled: false, didStart: true };
    const code = await reportRemains(io, engine, { space: 'default' }, progress, outcome);
    return [code, io.written.err];
  };
  const full = new StoreUnusable({ what: 'The disk is full.' });

  test('what remains is what is stored, whatever its events have told', async () => {
    expect(await report('s', full)).toEqual([
      1,
      'error: The disk is full.\n\nStack s is CREATE_COMPLETE.\nWhat remains: a (CREATE_COMPLETE)\nTo remove it: hotloom delete s\n',
    ]);
  });

  test('what remains is what its events have told, where the store does not tell', async () => {
    expect(await report('gone', full)).toEqual([
      1,
      'error: The disk is full.\n\nStack gone is DELETE_FAILED.\nWhat remains: a (DELETE_FAILED)\nTo remove it: hotloom delete gone\n',
    ]);
  });

  test('nothing is told of a stack that another engine has taken over', async () => {
    const lost = new ClaimLost({ what: 'The claim was lost.' });
    await expect(report('s', lost)).rejects.toBe(lost);
  });
});
