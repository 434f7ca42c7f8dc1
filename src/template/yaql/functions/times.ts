import { type Definition, define, method } from '../definitions.ts';
import { YaqlError } from '../errors.ts';
import { type ClockFields, DateTime, dateTimeOf, TimeSpan } from '../time.ts';
import { formatTime, parseByFormat, parseTime } from '../time-format.ts';
import {
  any,
  dateTime,
  integer,
  nullable,
  number,
  optional,
  type ParameterType,
  strictInteger,
  text,
  timeSpan,
  toIndex,
} from '../types.ts';
import type { Value } from '../values.ts';
import { roundHalfEven, toFraction } from './rounding.ts';

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;
const ZERO = new TimeSpan(0n);
const MAX_DAYS = 999_999_999n;

function spanOf(microseconds: bigint): TimeSpan {
  if (microseconds / DAY > MAX_DAYS || microseconds / DAY < -MAX_DAYS) {
    throw new YaqlError(`days=${microseconds / DAY}; must have magnitude <= 999999999`);
  }
  return new TimeSpan(microseconds);
}

const FIRST = dateTimeOf({ year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 }, undefined);
const LAST = dateTimeOf(
  { year: 9999, month: 12, day: 31, hour: 23, minute: 59, second: 59, microsecond: 999_999 },
  undefined,
);

/** A time shifted on its own clock. */
function shifted(time: DateTime, by: bigint): DateTime {
  const clock = time.clockMicroseconds + by;
  if (clock < (FIRST as DateTime).clockMicroseconds || clock > (LAST as DateTime).clockMicroseconds) {
    throw new YaqlError('date value out of range');
  }
  return new DateTime(clock, time.offset);
}

function built(fields: ClockFields, offset: TimeSpan | undefined): DateTime {
  const time = dateTimeOf(fields, offset);
  if (time !== undefined) return time;
  const { year, month, hour, minute, second, microsecond } = fields;
  if (year < 1 || year > 9999) throw new YaqlError(`year ${year} is out of range`);
  if (month < 1 || month > 12) throw new YaqlError('month must be in 1..12');
  if (hour < 0 || hour > 23) throw new YaqlError('hour must be in 0..23');
  if (minute < 0 || minute > 59) throw new YaqlError('minute must be in 0..59');
  if (second < 0 || second > 59) throw new YaqlError('second must be in 0..59');
  if (microsecond < 0 || microsecond > 999_999) throw new YaqlError('microsecond must be in 0..999999');
  throw new YaqlError('day is out of range for month');
}

/** Whole microseconds of so many units, half ones to the even. */
function scaled(value: bigint | number, units: bigint, divisor = 1n): bigint {
  if (typeof value === 'bigint') return roundHalfEven(value * units, divisor);
  const [numerator, denominator] = toFraction(value);
  return roundHalfEven(numerator * units, denominator * divisor);
}

function fromTimestamp(timestamp: bigint | number, offset: TimeSpan): DateTime {
  return shifted(new DateTime(scaled(timestamp, SECOND) + offset.microseconds, offset), 0n);
}

function divided(span: TimeSpan, by: bigint | number): TimeSpan {
  if (Number(by) === 0) throw new YaqlError(typeof by === 'bigint' ? 'division by zero' : 'float division by zero');
  return spanOf(scaled(Number(span.microseconds) / Number(by), 1n));
}

function multiplied(span: TimeSpan, by: bigint | number): TimeSpan {
  return spanOf(typeof by === 'bigint' ? span.microseconds * by : scaled(Number(span.microseconds) * by, 1n));
}

/** `value.name` of a value of a type. */
function property<T>(name: string, type: ParameterType<T>, read: (value: T) => Value): Definition {
  return define(`#property#${name}`, { obj: type }, ({ obj }) => read(obj as T));
}

/** What there is of a span in some unit, as a float. */
function spanProperty(name: string, unit: bigint): Definition {
  return property(name, timeSpan, (span) => Number(span.microseconds) / Number(unit));
}

function fieldProperty(name: keyof ClockFields): Definition {
  return property(name, dateTime, (time) => BigInt(time.fields[name]));
}

const zero = optional(integer, 0n);
const zeroStrict = optional(strictInteger, 0n);
const unchanged = optional(nullable(integer), null);

function dateOf(time: DateTime): DateTime {
  return built({ ...time.fields, hour: 0, minute: 0, second: 0, microsecond: 0 }, time.offset);
}

/** Dates, times and spans of time (yaql/standard_library/date_time.py). */
export const timeFunctions: readonly Definition[] = [
  define(
    'datetime',
    {
      year: integer,
      month: integer,
      day: integer,
      hour: zero,
      minute: zero,
      second: zero,
      microsecond: zero,
      offset: optional(timeSpan, ZERO),
    },
    ({ offset, ...fields }) =>
      built(
        Object.fromEntries(
          Object.entries(fields).map(([key, value]) => [key, toIndex(value)]),
        ) as unknown as ClockFields,
        offset,
      ),
  ),
  define('datetime', { timestamp: number, offset: optional(timeSpan, ZERO) }, ({ timestamp, offset }) =>
    fromTimestamp(timestamp, offset),
  ),
  define('datetime', { string: text, format: optional(nullable(text), null) }, ({ string, format }) =>
    (format ? parseByFormat(string, format) : parseTime(string)).withZone(),
  ),
  define(
    'timespan',
    {
      days: zero,
      hours: zero,
      minutes: zero,
      seconds: zeroStrict,
      milliseconds: zeroStrict,
      microseconds: zeroStrict,
    },
    ({ days, hours, minutes, seconds, milliseconds, microseconds }) =>
      spanOf(days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND + milliseconds * 1000n + microseconds),
  ),
  define('now', { offset: optional(timeSpan, ZERO) }, ({ offset }) =>
    shifted(new DateTime(BigInt(Date.now()) * 1000n + offset.microseconds, offset), 0n),
  ),
  define('localtz', {}, () => new TimeSpan(BigInt(-new Date().getTimezoneOffset()) * MINUTE)),
  define('utctz', {}, () => ZERO),
  define('isDatetime', { value: any }, ({ value }) => value instanceof DateTime),
  define('isTimespan', { value: any }, ({ value }) => value instanceof TimeSpan),

  define('#operator_+', { dt: dateTime, ts: timeSpan }, ({ dt, ts }) => shifted(dt, ts.microseconds)),
  define('#operator_+', { ts: timeSpan, dt: dateTime }, ({ dt, ts }) => shifted(dt, ts.microseconds)),
  define('#operator_-', { dt: dateTime, ts: timeSpan }, ({ dt, ts }) => shifted(dt, -ts.microseconds)),
  define('#operator_-', { dt1: dateTime, dt2: dateTime }, ({ dt1, dt2 }) =>
    spanOf(dt1.utcMicroseconds - dt2.utcMicroseconds),
  ),
  define('#operator_+', { ts1: timeSpan, ts2: timeSpan }, ({ ts1, ts2 }) =>
    spanOf(ts1.microseconds + ts2.microseconds),
  ),
  define('#operator_-', { ts1: timeSpan, ts2: timeSpan }, ({ ts1, ts2 }) =>
    spanOf(ts1.microseconds - ts2.microseconds),
  ),
  define('#operator_*', { ts: timeSpan, n: number }, ({ ts, n }) => multiplied(ts, n)),
  define('#operator_*', { n: number, ts: timeSpan }, ({ ts, n }) => multiplied(ts, n)),
  define('#operator_/', { ts1: timeSpan, ts2: timeSpan }, ({ ts1, ts2 }) => {
    if (ts2.microseconds === 0n) throw new YaqlError('float division by zero');
    return Number(ts1.microseconds) / Number(ts2.microseconds);
  }),
  define('#operator_/', { ts: timeSpan, n: number }, ({ ts, n }) => divided(ts, n)),
  define('#unary_operator_-', { ts: timeSpan }, ({ ts }) => spanOf(-ts.microseconds)),
  define('#unary_operator_+', { ts: timeSpan }, ({ ts }) => ts),

  ...(['year', 'month', 'day', 'hour', 'minute', 'second', 'microsecond'] as const).map(fieldProperty),
  property('weekday', dateTime, (time) => BigInt(time.weekday)),
  property('date', dateTime, dateOf),
  property('time', dateTime, (time) => spanOf(time.clockMicroseconds - dateOf(time).clockMicroseconds)),
  property('utc', dateTime, (time) => shifted(time, -(time.offset?.microseconds ?? 0n))),
  property('offset', dateTime, (time) => time.offset ?? ZERO),
  property('timestamp', dateTime, (time) => Number(time.utcMicroseconds) / Number(SECOND)),
  property('microseconds', timeSpan, (span) => span.microseconds),
  spanProperty('milliseconds', 1000n),
  spanProperty('seconds', SECOND),
  spanProperty('minutes', MINUTE),
  spanProperty('hours', HOUR),
  spanProperty('days', DAY),

  method(
    'replace',
    {
      dt: dateTime,
      year: unchanged,
      month: unchanged,
      day: unchanged,
      hour: unchanged,
      minute: unchanged,
      second: unchanged,
      microsecond: unchanged,
      offset: optional(nullable(timeSpan), null),
    },
    ({ dt, offset, ...changes }) => {
      const given = Object.entries(changes).flatMap(([key, value]) => (value === null ? [] : [[key, toIndex(value)]]));
      return built({ ...dt.fields, ...Object.fromEntries(given) }, offset ?? dt.offset);
    },
  ),
  method('format', { dt: dateTime, format: text }, ({ dt, format }) => formatTime(dt, format)),
];
