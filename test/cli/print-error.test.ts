import { describe, expect, test } from '@jest/globals';
import pc from 'picocolors';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { printError, reportError } from '../../src/cli/print-error.ts';
import {
  EntityNotFound,
  InvalidTemplateAttribute,
  StackFailed,
  TemplateInvalid,
  UsageError,
  WriterFailed,
} from '../../src/errors.ts';
import { ioDouble } from './io-double.ts';

const plain = pc.createColors(false);

const wrongAttribute = new InvalidTemplateAttribute({
  what: 'The Referenced Attribute (db adress) is incorrect.',
  where: {
    file: 'app.yaml',
    line: 14,
    column: 13,
    path: ['resources', 'web', 'properties', 'host'],
    excerpt: '      host: { get_attr: [db, adress] }',
  },
  why: "A resource of type Db never writes 'adress'.",
  fix: "Did you mean 'address'?",
});

describe('printError', () => {
  test('what, where with the line and a caret, why, what to do', () => {
    expect(printError(wrongAttribute, plain)).toBe(`error: The Referenced Attribute (db adress) is incorrect.
  at app.yaml:14:13  resources.web.properties.host
    14 |       host: { get_attr: [db, adress] }
       |             ^
  A resource of type Db never writes 'adress'.
  Did you mean 'address'?
`);
  });

  test('the caret stays below its character in a line that is cut', () => {
    const excerpt = `${'x'.repeat(200)}HERE${'y'.repeat(200)}`;
    const where = { file: 'a', line: 7, column: 201, path: [], excerpt };
    const lines = printError(new UsageError({ what: 'Long.', where }), plain).split('\n');
    expect(lines[2]?.[(lines[3] as string).indexOf('^')]).toBe('H');
    expect((lines[2] as string).length).toBeLessThan(120);
  });

  test('a program has built the document: the path alone is told', () => {
    const error = new UsageError({ what: 'Wrong.', where: { file: '<template>', path: ['resources', 'a'] } });
    expect(printError(error, plain)).toBe('error: Wrong.\n  at <template>  resources.a\n');
  });

  test('several problems each for itself, and their number', () => {
    const other = new UsageError({ what: 'Other.' });
    expect(printError(new TemplateInvalid([other, other]), plain)).toBe(
      'error: Other.\n\nerror: Other.\n\n2 problems.\n',
    );
    expect(printError(new TemplateInvalid([other]), plain)).toBe('error: Other.\n');
  });

  test('causes are told unless the text has them already', () => {
    const root = new Error('connection refused');
    const cause = new WriterFailed({ what: "'a.b' will not be written.", cause: root });
    expect(printError(new StackFailed({ what: 'Stack CREATE failed.', cause }), plain)).toBe(
      "error: Stack CREATE failed.\n  Cause: 'a.b' will not be written.\n  Cause: connection refused\n",
    );
    expect(printError(new StackFailed({ what: 'Failed: connection refused', cause: root }), plain)).toBe(
      'error: Failed: connection refused\n',
    );
  });

  test('escape sequences from a template do not reach the terminal', () => {
    expect(printError(new UsageError({ what: 'Bad \u001b[2J\u0007name\u009b31m.' }), plain)).toBe('error: Bad name.\n');
  });

  test('what was not foreseen asks for a report', () => {
    expect(printError(new TypeError('x is not a function'), plain)).toContain(
      'error: Unforeseen error: x is not a function\n  This is a bug in Hotloom.\n',
    );
  });
});

describe('reportError', () => {
  test('as JSON it is one line on stderr', () => {
    const io = ioDouble();
    reportError(io, new TemplateInvalid([wrongAttribute]), true);
    expect(io.written.out).toBe('');
    expect(JSON.parse(io.written.err)).toMatchObject({
      code: 'TemplateInvalid',
      problems: [{ code: 'InvalidTemplateAttribute', where: { line: 14, column: 13 } }],
    });
  });
});

test.each([
  { error: new UsageError({ what: '' }), code: 2 },
  { error: new TemplateInvalid([wrongAttribute]), code: 2 },
  { error: new EntityNotFound({ what: '' }), code: 3 },
  { error: new StackFailed({ what: '' }), code: 1 },
  { error: new Error('bug'), code: 1 },
])('exit code $code for $error.name', ({ error, code }) => expect(exitCodeOf(error)).toBe(code));
