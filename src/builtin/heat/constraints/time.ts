import { isTrueInPython, pythonLiteral } from '../../../template/python.ts';
import type { Json } from '../../../values.ts';

// By heat/engine/constraint/common_constraints.py, with what it asks of oslo.utils (timeutils.parse_isotime, which is the
// package iso8601) and of Python's zoneinfo. Each returns undefined for a value that is right, else the reason.

/** `iso_8601`: a time as `2026-08-21T03:40:41Z`, or a part of one from its year on. */
export function isoTimeProblem(value: Json): string | undefined {
  // Heat gives no reason.
  return 'time' in parseTime(value) ? undefined : '';
}

/** `expiration`: such a time after `now`, in milliseconds. No value is a right one. */
export function expirationProblem(value: Json, now: number): string | undefined {
  if (!isTrueInPython(value)) return undefined;
  const parsed = parseTime(typeof value === 'string' ? value.trim() : value);
  if ('time' in parsed && parsed.time > now) return undefined;
  const reason = 'time' in parsed ? 'Expiration time is out of date.' : parsed.problem;
  return `Expiration ${String(value)} is invalid: ${reason}`;
}

/** `timezone`: a name of the IANA's database. No value is a right one. */
export function timezoneProblem(value: Json): string | undefined {
  if (!isTrueInPython(value) || isTimezone(value)) return undefined;
  return `Invalid timezone: 'No time zone found with key ${String(value)}'`;
}

/** The names start with a capital letter; Intl does not look at case, and takes offsets such as +01:00 too. */
function isTimezone(value: Json): boolean {
  if (typeof value !== 'string' || !/^[A-Z]/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

const TIME =
  /^(?<year>\d{4})(?:(?:-(?<monthDash>\d{1,2})|(?<month>\d{2})(?!$))(?:(?:-(?<dayDash>\d{1,2})|(?<day>\d{2}))(?:[ T](?<hour>\d{2})(?::?(?<minute>\d{2}))?(?::?(?<second>\d{1,2})(?:[.,](?<fraction>\d+))?)?(?<zone>Z|(?<sign>[-+])(?<zoneHour>\d{2}):?(?<zoneMinute>\d{2})?)?)?)?)?$/;

type ParsedTime = { readonly time: number } | { readonly problem: string };

/** Milliseconds since 1970; a time without a zone is UTC. */
function parseTime(value: Json): ParsedTime {
  if (typeof value !== 'string') return { problem: `Expecting a string ${pythonLiteral(value)}` };
  const groups = TIME.exec(value)?.groups;
  if (groups === undefined) return { problem: `Unable to parse date string ${pythonLiteral(value)}` };
  const number = (...names: readonly string[]): number | undefined => {
    const text = names.map((name) => groups[name]).find((group) => group !== undefined);
    return text === undefined ? undefined : Number(text);
  };
  const year = number('year') as number;
  const month = number('monthDash', 'month') ?? 1;
  const day = number('dayDash', 'day') ?? 1;
  const [hour, minute, second] = [number('hour') ?? 0, number('minute') ?? 0, number('second') ?? 0];
  const offset = (number('zoneHour') ?? 0) * 60 + (number('zoneMinute') ?? 0);
  if (offset >= 24 * 60) return { problem: 'The offset of the time zone has to be less than a day.' };
  const problem = rangeProblem(year, month, day, hour, minute, second);
  if (problem !== undefined) return { problem };
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, Math.trunc(Number(`0.${groups.fraction ?? 0}`) * 1000));
  return { time: date.getTime() - (groups.sign === '-' ? -1 : 1) * offset * 60_000 };
}

/** In the words of Python's datetime. */
function rangeProblem(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): string | undefined {
  if (year === 0) return 'year 0 is out of range';
  if (month < 1 || month > 12) return 'month must be in 1..12';
  if (day < 1 || day > daysOf(year, month)) return 'day is out of range for month';
  if (hour > 23) return 'hour must be in 0..23';
  if (minute > 59) return 'minute must be in 0..59';
  return second > 59 ? 'second must be in 0..59' : undefined;
}

function daysOf(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
}
