import { describe, expect, test } from '@jest/globals';
import * as errors from '../src/errors.ts';

const { ConflictingWrite, InternalError, invariant, isHotloomError, messageOf, ResourceFailure, rootCause } = errors;

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
    expect(() => invariant(0, 'It broke.')).toThrow(InternalError);
    expect(() => invariant('', 'It broke.')).toThrow('It broke.');
    invariant(1, 'It broke.');
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
