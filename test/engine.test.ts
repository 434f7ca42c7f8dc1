import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { EndpointServer } from '../src/endpoint/endpoint-server.ts';
import { Engine } from '../src/engine.ts';
import type { EngineOptions } from '../src/engine-options.ts';
import { EndpointUnreachable, type HotloomError } from '../src/errors.ts';
import { SqliteStore } from '../src/store/sqlite-store.ts';

const TEMPLATE = 'heat_template_version: 2021-04-16\nresources: {}';

describe('an engine that is used wrongly', () => {
  test.each([
    ['no name', {}, "The option 'stack' is missing."],
    ['no template', { stack: 's' }, "The option 'template' is missing."],
    ['nothing at all', undefined, "The option 'stack' is missing."],
  ])('create with %s', async (_, options, what) => {
    const engine = new Engine();
    await expect(engine.create(options as never)).rejects.toMatchObject({ code: 'UsageError', what });
    await engine.close();
  });

  const ACTIONS: readonly (readonly [string, (engine: Engine, options: never) => Promise<unknown>])[] = [
    ['create', (engine, options) => engine.create(options)],
    ['update', (engine, options) => engine.update(options)],
    ['previewUpdate', (engine, options) => engine.previewUpdate(options)],
    ['cancel', (engine, options) => engine.cancel(options)],
    ['delete', (engine, options) => engine.delete(options)],
    ['resume', (engine, options) => engine.resume(options)],
    ['suspend', (engine, options) => engine.suspend(options)],
    ['check', (engine, options) => engine.check(options)],
    ['markUnhealthy', (engine, options) => engine.markUnhealthy(options)],
    ['signal', (engine, options) => engine.signal(options)],
    ['snapshot', (engine, options) => engine.snapshot(options)],
    ['restore', (engine, options) => engine.restore(options)],
    ['deleteSnapshot', (engine, options) => engine.deleteSnapshot(options)],
    ['adopt', (engine, options) => engine.adopt(options)],
  ];
  test.each(ACTIONS)('%s is told what is wrong with its options', async (_, act) => {
    const engine = new Engine();
    const told = async (options: unknown) => {
      const error = await act(engine, options as never).catch((reason: unknown) => reason as HotloomError);
      return [(error as HotloomError).code, (error as HotloomError).what];
    };
    const template = TEMPLATE;
    expect(await told(undefined)).toEqual(['UsageError', "The option 'stack' is missing."]);
    expect(await told({ stack: 7, template })).toEqual(['UsageError', "The option 'stack' is missing."]);
    expect(await told({ stack: 's', template, space: 7 })).toEqual(['UsageError', "The option 'space' is no text."]);
    for (const timeoutMs of [0, -5, Number.NaN, 'soon']) {
      const what = `The option 'timeoutMs' cannot be ${timeoutMs}.`;
      expect(await told({ stack: 's', template, timeoutMs })).toEqual(['UsageError', what]);
    }
    await engine.close();
  });

  const [LIST, TEXTS, FLAG] = ['list of moves', 'list of texts', 'boolean'];
  const MOVES = "Give a list, as in [{from: 'old', to: 'new'}], or leave the option out.";
  test.each([
    ['update', 'moves', [7, null, {}, [null], [{ from: 'a' }], [{ from: 'a', to: 7 }]], LIST, MOVES],
    ['planUpdate', 'moves', [7], LIST, MOVES],
    ['previewUpdate', 'moves', ['a=b'], LIST, MOVES],
    ['update', 'clearParameters', ['p', [7]], TEXTS, "Give a list, as in ['count'], or leave the option out."],
    [
      'create',
      'environments',
      ['{}', [null], {}],
      'list of environments',
      'Give a list, also of one, or leave the option out.',
    ],
    [
      'adopt',
      'files',
      [['a'], { a: 7 }],
      'mapping of texts',
      "Give a mapping, as in {'app.conf': text}, or leave the option out.",
    ],
    ['validate', 'parameters', [['a'], 'a=b'], 'mapping', 'Give a mapping, as in {count: 3}, or leave the option out.'],
    ['resume', 'parameters', [7], 'mapping', 'Give a mapping, as in {count: 3}, or leave the option out.'],
    ['cancel', 'rollback', ['false', 0], FLAG, 'Give true or false, or leave the option out.'],
    ['delete', 'signal', [{}, 7], 'AbortSignal', "Give an AbortController's signal, or leave the option out."],
    ['apply', 'signal', [{}], 'AbortSignal', "Give an AbortController's signal, or leave the option out."],
    ['resumeAll', 'signal', [{}], 'AbortSignal', "Give an AbortController's signal, or leave the option out."],
    ['markUnhealthy', 'reason', [7], 'text', 'Give a sentence, or leave the option out.'],
    ['showSnapshot', 'snapshot', [7], 'text', 'Give one of these.'],
    ['list', 'tagsAny', ['a,b'], TEXTS, "Give a list, as in ['prod'], or leave the option out."],
  ] as const)('%s with a wrong %s', async (method, option, values, is, fix) => {
    const engine = new Engine();
    for (const value of values) {
      const call = async () => engine[method]({ stack: 's', template: TEMPLATE, [option]: value } as never);
      const what = `The option '${option}' is no ${is}.`;
      await expect(call()).rejects.toMatchObject({ code: 'UsageError', what, fix });
    }
    await engine.close();
  });

  test('an option that there is not', () => {
    expect(() => new Engine({ concurrancy: 3 } as EngineOptions)).toThrow(
      /^An engine has no option 'concurrancy'\.[\s\S]*Did you mean 'concurrency'\?/,
    );
  });

  test.each([
    [{ maxResources: -2 }, 'maxResources', 'It is a whole number, at least 0, or -1 for no limit.', 1000],
    [{ maxResources: 1.5 }, 'maxResources', 'It is a whole number, at least 0, or -1 for no limit.', 1000],
    [{ maxSnapshots: '3' }, 'maxSnapshots', 'It is a whole number, at least 0, or -1 for no limit.', 32],
    [{ maxTemplateSize: -1 }, 'maxTemplateSize', 'It is a whole number, at least 1, or Infinity for no limit.', 524288],
    [
      { maxTemplateSize: Number.NaN },
      'maxTemplateSize',
      'It is a whole number, at least 1, or Infinity for no limit.',
      524288,
    ],
  ])('a limit that is none: %j', (limits, name, why, standard) => {
    const what = `The engine's limit '${name}' cannot be ${Object.values(limits)[0]}.`;
    const fix = `Give such a number, or leave the limit out: it is ${standard} then.`;
    expect(() => new Engine({ limits } as EngineOptions)).toThrow(expect.objectContaining({ what, why, fix }));
  });

  test('a limit that there is not', () => {
    expect(() => new Engine({ limits: { maxResource: 3 } } as EngineOptions)).toThrow(
      /^An engine has no limit 'maxResource'\.[\s\S]*Did you mean 'maxResources'\?/,
    );
  });

  test('an action after its end', async () => {
    const engine = new Engine();
    await engine.close();
    await expect(engine.create({ stack: 's', template: TEMPLATE })).rejects.toMatchObject({ code: 'UsageError' });
    await expect(engine.delete({ stack: 's' })).rejects.toThrow('The engine has been closed.');
  });
});

test.each([
  ['-1', { maxResources: -1, maxSnapshots: -1 }],
  ['Infinity', { maxResources: Number.POSITIVE_INFINITY, maxSnapshots: Number.POSITIVE_INFINITY }],
])('a limit of %s is no limit, as under Heat', async (_, limits) => {
  const engine = new Engine({ limits });
  const resources = Object.fromEntries(
    Array.from({ length: 1001 }, (_value, index) => [`r${index}`, { type: 'OS::Heat::None' }]),
  );
  const group = { type: 'OS::Heat::ResourceGroup', properties: { count: 3, resource_def: { type: 'OS::Heat::None' } } };
  const template = { heat_template_version: '2021-04-16', resources: { ...resources, group } };
  expect(engine.preview({ stack: 's', template }).steps.length).toBe(1005);
  await engine.create({ stack: 's', template: TEMPLATE });
  for (let count = 0; count < 33; count += 1) await engine.snapshot({ stack: 's' });
  expect(await engine.snapshots('s')).toHaveLength(33);
  await engine.close();
});

test('an engine that could not make its endpoint claims a stack as soon as it can', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hotloom-engine-'));
  const opening = jest.spyOn(EndpointServer.prototype, 'openForObservers');
  opening.mockRejectedValueOnce(new EndpointUnreachable({ what: 'The disk is full.' }));
  const engine = new Engine({ store: SqliteStore.open(join(directory, 'store.db')) });
  try {
    const create = { stack: 's', template: TEMPLATE };
    await expect(engine.create(create)).rejects.toMatchObject({ code: 'EndpointUnreachable' });
    await expect(engine.create(create)).resolves.toMatchObject({ state: 'CREATE_COMPLETE' });
  } finally {
    await engine.close();
    opening.mockRestore();
    rmSync(directory, { recursive: true });
  }
});
