import { describe, expect, test } from '@jest/globals';
import { Engine } from '../src/engine.ts';
import type { EngineOptions } from '../src/engine-options.ts';

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

  test('an option that there is not', () => {
    expect(() => new Engine({ concurrancy: 3 } as EngineOptions)).toThrow(
      /^An engine has no option 'concurrancy'\.[\s\S]*Did you mean 'concurrency'\?/,
    );
  });

  test('an action after its end', async () => {
    const engine = new Engine();
    await engine.close();
    await expect(engine.create({ stack: 's', template: TEMPLATE })).rejects.toMatchObject({ code: 'UsageError' });
    await expect(engine.delete({ stack: 's' })).rejects.toThrow('The engine has been closed.');
  });
});
