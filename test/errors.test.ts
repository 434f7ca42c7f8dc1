import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import * as errors from '../src/errors.ts';

const {
  ConflictingWrite,
  InternalError,
  isHotloomError,
  mapErrorTexts,
  messageOf,
  ResourceFailure,
  rootCause,
  WriterFailed,
  withRootCause,
} = errors;

describe('the text of an error', () => {
  test('is what, where, why and fix, in this order', () => {
    const where = { file: 'app.yaml', line: 14, column: 22, path: ['resources', 'web', 'properties', 'ports', 0] };
    const error = new errors.InvalidTemplateAttribute({ what: 'What.', where, why: 'Why.', fix: 'Fix.' });
    expect(error.message).toBe('What.\n  at app.yaml:14:22  resources.web.properties.ports[0]\n  Why.\n  Fix.');
  });

  test('leaves out what is not known', () => {
    expect(new errors.StackExists({ what: 'What.' }).message).toBe('What.');
    expect(new errors.StackExists({ what: 'What.', where: { file: '<template>', path: [] } }).message).toBe(
      'What.\n  at <template>',
    );
  });

  test('several problems stand in one error, each whole', () => {
    const one = new errors.UserParameterMissing({ what: 'One.', why: 'Why.' });
    const two = new errors.UserParameterMissing({ what: 'Two.' });
    expect(new errors.TemplateInvalid([one]).message).toBe('One.\n  Why.');
    const both = new errors.TemplateInvalid([one, two]);
    expect(both.message).toBe('The template has 2 problems.\n\nOne.\n  Why.\n\nTwo.');
    expect(both.toJSON()).toMatchObject({ problems: [{ what: 'One.' }, { what: 'Two.' }] });
  });

  test('a bug asks for a report', () => {
    expect(new InternalError('It broke.').message).toBe(
      'It broke.\n  This is a bug in Hotloom.\n  Please report it with the template and this text.',
    );
    expect(() => errors.invariant(0, 'It broke.')).toThrow(InternalError);
    expect(() => errors.invariant('', 'It broke.')).toThrow('It broke.');
    errors.invariant(1, 'It broke.');
  });
});

describe('every class', () => {
  type ErrorClass = new (fields: errors.ErrorFields) => errors.HotloomError;
  const classes = Object.entries(errors).filter(
    ([name, value]) =>
      typeof value === 'function' &&
      value.prototype instanceof errors.HotloomError &&
      !['InternalError', 'TemplateInvalid'].includes(name),
  ) as unknown as [string, ErrorClass][];

  test.each(classes)('%s has its own name as code', (name, ErrorClass) => {
    const cause = new Error('root');
    const error = new ErrorClass({ what: 'What.', cause });
    expect([error.code, error.name, String(error)]).toEqual([name, name, `${name}: What.`]);
    expect(error.cause).toBe(cause);
    expect(isHotloomError(error, name)).toBe(true);
  });

  test('there are some', () => expect(classes.length).toBeGreaterThan(30));
});

describe('isHotloomError', () => {
  test('knows errors of another copy of the package by their mark', () => {
    const foreign = Object.assign(new Error('x'), { code: 'Deadlock' });
    expect(isHotloomError(foreign)).toBe(false);
    Object.defineProperty(foreign, Symbol.for('hotloom.error'), { value: true });
    expect(isHotloomError(foreign, 'Deadlock')).toBe(true);
    expect(isHotloomError(foreign, 'StackExists')).toBe(false);
  });

  test.each([[null], [undefined], ['Deadlock'], [{ code: 'Deadlock' }]])('%p is none', (value) =>
    expect(isHotloomError(value)).toBe(false),
  );
});

describe('causes', () => {
  const root = new Error('disk full');
  const error = new ResourceFailure({
    what: 'a failed',
    cause: new ConflictingWrite({ what: 'b failed', cause: root }),
  });

  test('the root is found through the chain, also when the chain is a circle', () => {
    expect(rootCause(error)).toBe(root);
    expect(rootCause('text')).toBe('text');
    const circle = new Error('one', { cause: undefined });
    circle.cause = new Error('two', { cause: circle });
    expect((rootCause(circle) as Error).message).toBe('one');
  });

  test('a circle that does not lead back to its beginning has the error to which it leads back as its root', () => {
    const [one, two, three] = [1, 2, 3].map((number) => new Error(String(number))) as [Error, Error, Error];
    [one.cause, two.cause, three.cause] = [two, three, two];
    expect(rootCause(one)).toBe(two);
    const last = rootCause(mapErrorTexts(one, (text) => text.replaceAll('3', 'three'))) as Error;
    expect([last.message, last.cause]).toEqual(['three', undefined]);
  });

  test('a chain is as long as the failure has gone through resources', () => {
    let chain: Error = new Error('secret');
    for (let hop = 0; hop < 20_000; hop += 1) chain = new WriterFailed({ what: `hop ${hop}`, cause: chain });
    expect((rootCause(chain) as Error).message).toBe('secret');
    let looks = 0;
    const masked = mapErrorTexts(chain, (text) => {
      looks += 1;
      return text.replaceAll('secret', '***');
    });
    expect((rootCause(masked) as Error).message).toBe('***');
    expect(looks).toBeLessThan(20 * 20_000);
  });

  test('JSON has them, down to what is not ours', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'ResourceFailure',
      what: 'a failed',
      cause: { code: 'ConflictingWrite', what: 'b failed', cause: 'Error: disk full' },
    });
  });

  test.each([
    [new ConflictingWrite({ what: 'What.', why: 'Why.' }), 'What.'],
    [new Error('plain'), 'plain'],
    ['thrown text', 'thrown text'],
    [undefined, 'undefined'],
  ])('the first line of %p', (thrown, line) => expect(messageOf(thrown)).toBe(line));
});

describe('a root cause that is added', () => {
  const root = new Error('disk full');
  const circle = new Error('circle');
  circle.cause = circle;
  test.each([
    ['an error', new TypeError('x'), 'TypeError: x'],
    ['an error of ours', new ConflictingWrite({ what: 'What.', why: 'Why.' }), 'ConflictingWrite: What.\n  Why.'],
    ['a chain of errors', new Error('one', { cause: new Error('two') }), 'Error: one'],
    ['an error that is its own cause', circle, 'Error: circle'],
    [
      'a frozen error',
      Object.freeze(new RangeError('cold', { cause: Object.freeze(new Error('ice')) })),
      'RangeError: cold',
    ],
    ['a text', 'thrown text', 'Error: thrown text'],
  ])('ends the chain of a copy of %s, which itself stays as it is', (_, thrown, text) => {
    const before = thrown instanceof Error ? thrown.cause : undefined;
    const copy = withRootCause(thrown, root);
    expect([String(copy), copy instanceof Error, rootCause(copy) === root]).toEqual([text, true, true]);
    expect(thrown instanceof Error ? thrown.cause : undefined).toBe(before);
  });

  test('leaves the copy of its class, with its fields', () => {
    const copy = withRootCause(new ConflictingWrite({ what: 'What.', fix: 'Fix.' }), root);
    expect(isHotloomError(copy, 'ConflictingWrite')).toBe(true);
    expect(copy).toMatchObject({ what: 'What.', fix: 'Fix.', cause: root });
  });
});

describe('a text that is masked in an error', () => {
  const mask = (text: string): string => text.replaceAll('s3cret', '******');
  const thrown: readonly (readonly [string, unknown])[] = [
    ['its message', new Error('bad s3cret')],
    ['its cause', new Error('bad', { cause: new Error('s3cret') })],
    ['a cause that is no error', new Error('bad', { cause: { message: 's3cret' } })],
    ['a field', Object.assign(new Error('exit 1'), { cmd: 'mysql -ps3cret' })],
    ['a field within a field', Object.assign(new Error('exit 1'), { spawn: { args: ['-p', 's3cret'] } })],
    ['an error of several', new AggregateError([new Error('s3cret')], 'many')],
    ['a frozen error', Object.freeze(new Error('bad s3cret'))],
    ['what is no error', { password: 's3cret' }],
    ['a text', 'bad s3cret'],
    ['a text of ours', new ConflictingWrite({ what: 'What.', why: 'As s3cret.', cause: new Error('s3cret') })],
  ];
  test.each(thrown)('does not stand in %s any more', (_, error) => {
    const masked = mapErrorTexts(error, mask);
    expect(inspect(masked, { depth: 9, showHidden: true })).not.toContain('s3cret');
    expect(messageOf(masked)).toBe(mask(messageOf(error)));
  });

  test('an error without the text is the same object, with all its fields', () => {
    for (const error of [Object.assign(new Error('x'), { code: 'ENOENT' }), new ConflictingWrite({ what: 'What.' })]) {
      expect(mapErrorTexts(error, mask)).toBe(error);
    }
  });
});
