import { isTrueInPython } from '../../../template/python.ts';
import type { Json } from '../../../values.ts';

/**
 * `cron_expression`, by heat/engine/constraint/common_constraints.py, which asks the package croniter: undefined for one
 * that croniter reads, else the reason. No value is a right one.
 */
export function cronProblem(value: Json): string | undefined {
  if (!isTrueInPython(value)) return undefined;
  const reason = typeof value === 'string' ? expressionProblem(value) : 'It is not a text.';
  return reason === undefined ? undefined : `Invalid CRON expression: ${reason}`;
}

interface Field {
  readonly name: 'minute' | 'hour' | 'day' | 'month' | 'weekday' | 'second' | 'year';
  readonly min: number;
  readonly max: number;
  readonly words: readonly string[];
}

const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, words: [] },
  { name: 'hour', min: 0, max: 23, words: [] },
  { name: 'day', min: 1, max: 31, words: [] },
  { name: 'month', min: 1, max: 12, words: MONTHS },
  { name: 'weekday', min: 0, max: 7, words: WEEKDAYS },
  { name: 'second', min: 0, max: 59, words: [] },
  { name: 'year', min: 1970, max: 2099, words: [] },
];

const NICKNAMES: readonly string[] = ['@midnight', '@hourly', '@daily', '@weekly', '@monthly', '@yearly', '@annually'];

/** A number that croniter draws itself. */
const RANDOM = /^r(?:\(\d+-\d+\))?(?:\/\d+)?$/;

const RANGE = /^([^-]+)-([^-/]+)(?:\/(\d+))?$/;

function expressionProblem(expression: string): string | undefined {
  const lower = expression.toLowerCase();
  if (NICKNAMES.includes(lower)) return undefined;
  const columns = lower.split(/\s+/).filter((column) => column !== '');
  if (columns.length < 5 || columns.length > 7) {
    return 'Exactly 5, 6 or 7 columns has to be specified for iterator expression.';
  }
  for (const [index, column] of columns.entries()) {
    const problem = columnProblem(column, FIELDS[index] as Field, expression, columns);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function columnProblem(
  column: string,
  field: Field,
  expression: string,
  columns: readonly string[],
): string | undefined {
  if (RANDOM.test(column)) return undefined;
  if (column.includes('?')) {
    if (column !== '?') return `[${expression}] is not acceptable. Question mark can not used with other characters`;
    if (field.name === 'day' || field.name === 'weekday') return undefined;
    return `[${expression}] is not acceptable. Question mark can only used in day_of_month or day_of_week`;
  }
  const items = column.split(',');
  // croniter begins at the end.
  for (const item of [...items].reverse()) {
    const problem = itemProblem(item, field, expression, columns);
    if (problem !== undefined) return problem;
  }
  const isNth = (item: string): boolean => item !== '*' && NTH_WEEKDAY.test(item);
  const isMixed = field.name === 'weekday' && items.some(isNth) && items.some((item) => item !== '*' && !isNth(item));
  return isMixed
    ? `day-of-week field does not support mixing literal values and nth day of week syntax.  Cron: '${expression}'`
    : undefined;
}

/** `2#3`, the third Tuesday, and `l5`, the last Friday. */
const NTH_WEEKDAY = /^(?:(?<weekday>[a-z]{3}-[a-z]{3}|\w+)#(?<nth>\d+)|l(?<last>\d+))$/;

function itemProblem(item: string, field: Field, expression: string, columns: readonly string[]): string | undefined {
  const special = field.name === 'weekday' ? NTH_WEEKDAY.exec(item)?.groups : undefined;
  if (special?.nth !== undefined && !(Number(special.nth) >= 1 && Number(special.nth) <= 5)) {
    return `[${expression}] is not acceptable. Invalid day_of_week value: '${Number(special.nth)}'`;
  }
  const plain = special?.weekday ?? special?.last ?? item;
  const range =
    RANGE.exec(plain.replace(/^\*(?=\/.)/, `${field.min}-${field.max}`)) ??
    RANGE.exec(plain.replace(/^(.+)\/(.+)$/, `$1-${field.max}/$2`));
  if (range !== null) return rangeProblem(range, field, expression, columns);
  if (plain.startsWith('-')) return `[${expression}] is not acceptable,negative numbers not allowed`;
  if (plain === '*' || (field.name === 'day' && plain === 'l')) return undefined;
  const number = numberOf(plain, field, columns);
  if (number === undefined) return `[${columns.join(' ')}] is not acceptable`;
  return number >= field.min && number <= field.max ? undefined : `[${expression}] is not acceptable, out of range`;
}

/** One from a later to an earlier value goes over the end of the week, the year and so on. */
function rangeProblem(
  [, first = '', last = '', step = '1']: readonly string[],
  field: Field,
  expression: string,
  columns: readonly string[],
): string | undefined {
  const low = numberOf(first, field, columns);
  const high = field.name === 'day' && last === 'l' ? field.max : numberOf(last, field, columns);
  if (low === undefined || high === undefined) return `[${columns.join(' ')}] is not acceptable`;
  if (Math.max(low, high) > field.max) return `${expression} is out of bands`;
  if (Number(step) === 0) return 'invalid range: range() arg 3 must not be zero';
  return low < field.min && low !== high ? `[${expression}] is not acceptable, out of range` : undefined;
}

/** The number of a word or of digits. Where a column of seconds follows, croniter takes 0 for the first day of the month. */
function numberOf(text: string, field: Field, columns: readonly string[]): number | undefined {
  const word = text === '' ? -1 : field.words.indexOf(text);
  if (word >= 0) return word;
  if (!/^\d+$/.test(text)) return undefined;
  const number = Number(text);
  return number === 0 && field.name === 'day' && columns.length === 6 ? 1 : number;
}
