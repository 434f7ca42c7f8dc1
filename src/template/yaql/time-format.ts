import { RE2JS } from 're2js';
import { YaqlError } from './errors.ts';
import { type ClockFields, type DateTime, dateTimeOf, pad, TimeSpan } from './time.ts';

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** `strftime` of Python in the C locale. */
export function formatTime(time: DateTime, format: string): string {
  return format.replace(/%([\s\S])/g, (whole, letter) => {
    const text = FORMATS[letter as string]?.(time);
    return text ?? whole;
  });
}

const FORMATS: { readonly [letter: string]: (time: DateTime) => string } = {
  a: (time) => (DAYS[time.weekday] as string).slice(0, 3),
  A: (time) => DAYS[time.weekday] as string,
  w: (time) => String((time.weekday + 1) % 7),
  u: (time) => String(time.weekday + 1),
  d: ({ fields }) => pad(fields.day),
  e: ({ fields }) => String(fields.day).padStart(2),
  b: ({ fields }) => monthName(fields).slice(0, 3),
  h: ({ fields }) => monthName(fields).slice(0, 3),
  B: ({ fields }) => monthName(fields),
  m: ({ fields }) => pad(fields.month),
  y: ({ fields }) => pad(fields.year % 100),
  Y: ({ fields }) => String(fields.year),
  C: ({ fields }) => pad(Math.floor(fields.year / 100)),
  H: ({ fields }) => pad(fields.hour),
  I: ({ fields }) => pad(fields.hour % 12 || 12),
  p: ({ fields }) => (fields.hour < 12 ? 'AM' : 'PM'),
  M: ({ fields }) => pad(fields.minute),
  S: ({ fields }) => pad(fields.second),
  f: ({ fields }) => pad(fields.microsecond, 6),
  z: (time) => time.zoneText(''),
  Z: (time) => (time.offset?.microseconds === 0n ? 'UTC' : ''),
  j: (time) => pad(time.dayOfYear, 3),
  U: (time) => pad(Math.floor((time.dayOfYear + 6 - ((time.weekday + 1) % 7)) / 7)),
  W: (time) => pad(Math.floor((time.dayOfYear + 6 - time.weekday) / 7)),
  D: (time) => formatTime(time, '%m/%d/%y'),
  x: (time) => formatTime(time, '%m/%d/%y'),
  F: (time) => formatTime(time, '%Y-%m-%d'),
  T: (time) => formatTime(time, '%H:%M:%S'),
  X: (time) => formatTime(time, '%H:%M:%S'),
  R: (time) => formatTime(time, '%H:%M'),
  c: (time) => formatTime(time, '%a %b %e %H:%M:%S %Y'),
  s: (time) => String(time.utcMicroseconds / 1_000_000n),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
};

function monthName(fields: ClockFields): string {
  return MONTHS[fields.month - 1] as string;
}

type Fields = { -readonly [K in keyof ClockFields]: ClockFields[K] } & { isAfternoon?: boolean; offset?: TimeSpan };

/** What a directive of strptime matches, and what it says. */
const PARSERS: { readonly [letter: string]: readonly [pattern: string, set: (fields: Fields, text: string) => void] } =
  {
    Y: ['\\d{4}', (fields, text) => (fields.year = Number(text))],
    y: ['\\d{2}', (fields, text) => (fields.year = Number(text) + (Number(text) < 69 ? 2000 : 1900))],
    m: ['1[0-2]|0?[1-9]', (fields, text) => (fields.month = Number(text))],
    d: ['3[01]|[12]\\d|0?[1-9]| [1-9]', (fields, text) => (fields.day = Number(text))],
    H: ['2[0-3]|[01]?\\d', (fields, text) => (fields.hour = Number(text))],
    I: ['1[0-2]|0?[1-9]', (fields, text) => (fields.hour = Number(text) % 12)],
    p: ['[aApP][mM]', (fields, text) => (fields.isAfternoon = /p/i.test(text))],
    M: ['[0-5]?\\d', (fields, text) => (fields.minute = Number(text))],
    S: ['[0-5]?\\d', (fields, text) => (fields.second = Number(text))],
    f: ['\\d{1,6}', (fields, text) => (fields.microsecond = Number(text.padEnd(6, '0')))],
    B: [MONTHS.join('|'), (fields, text) => (fields.month = monthOf(text))],
    b: [MONTHS.map((name) => name.slice(0, 3)).join('|'), (fields, text) => (fields.month = monthOf(text))],
    A: [DAYS.join('|'), () => {}],
    a: [DAYS.map((name) => name.slice(0, 3)).join('|'), () => {}],
    z: ['[+-]\\d{2}:?\\d{2}|Z', (fields, text) => (fields.offset = offsetOf(text))],
    Z: ['UTC|GMT', () => {}],
  };

/** `strptime` of Python. */
export function parseByFormat(text: string, format: string): DateTime {
  const setters: ((fields: Fields, text: string) => void)[] = [];
  const source = format.replace(/%([\s\S])|\s+|[\\^$.*+?()[\]{}|]/g, (whole, letter) => {
    if (letter === undefined) return /^\s/.test(whole) ? '\\s+' : `\\${whole}`;
    if (letter === '%') return '%';
    const parser = PARSERS[letter as string];
    if (parser === undefined) throw new YaqlError(`'${letter}' is a bad directive in format '${format}'`);
    setters.push(parser[1]);
    return `(${parser[0]})`;
  });
  // Formats come from templates, and a backtracking pattern could run for years.
  const matcher = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE).matcher(text);
  if (!matcher.matches()) throw new YaqlError(`time data '${text}' does not match format '${format}'`);
  const fields: Fields = { ...START, year: 1900 };
  setters.forEach((set, index) => {
    set(fields, matcher.group(index + 1) as string);
  });
  if (fields.isAfternoon) fields.hour += 12;
  const time = dateTimeOf(fields, fields.offset);
  if (time === undefined) throw new YaqlError('day is out of range for month');
  return time;
}

const START: ClockFields = { year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 };

const TIME = '(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d{1,9}))?)?\\s*(am|pm)?';
const ZONE = '\\s*(Z|UTC|GMT|[+-]\\d{2}:?(?:\\d{2})?)?';
const MONTH = '([a-z]{3,9})\\.?';

/** The ways to write a date that are understood, each with the groups of its year, month and day. */
const DATES: readonly (readonly [pattern: string, year: number, month: number, day: number])[] = [
  ['(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})', 1, 2, 3],
  ['(\\d{4})(\\d{2})(\\d{2})', 1, 2, 3],
  ['(\\d{1,2})[-/.](\\d{1,2})[-/.](\\d{4})', 3, 1, 2],
  [`(?:[a-z]{3,9},?\\s+)?(\\d{1,2})[-\\s]+${MONTH}[-,\\s]+(\\d{4})`, 3, 2, 1],
  [`(?:[a-z]{3,9},?\\s+)?${MONTH}\\s+(\\d{1,2}),?\\s+(\\d{4})`, 3, 1, 2],
];

/** `dateutil.parser.parse` for the usual ways to write a date and a time; the rest is refused. */
export function parseTime(text: string): DateTime {
  for (const [pattern, year, month, day] of DATES) {
    const match = new RegExp(`^\\s*${pattern}(?:(?:[T\\s]\\s*)${TIME}${ZONE})?\\s*$`, 'i').exec(text);
    if (match === null) continue;
    const [hour = '0', minute = '0', second = '0', fraction = '', half, zone] = match.slice(4);
    const fields: ClockFields = {
      year: Number(match[year]),
      month: monthOf(match[month] as string),
      day: Number(match[day]),
      hour: half === undefined ? Number(hour) : (Number(hour) % 12) + (/pm/i.test(half) ? 12 : 0),
      minute: Number(minute),
      second: Number(second),
      microsecond: Number(fraction.slice(0, 6).padEnd(6, '0')),
    };
    const time = dateTimeOf(fields, zone === undefined ? undefined : offsetOf(zone));
    if (time !== undefined) return time;
  }
  throw new YaqlError(`Unknown string format: ${text}`);
}

function monthOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  return MONTHS.findIndex((name) => name.toLowerCase().startsWith(text.slice(0, 3).toLowerCase())) + 1;
}

function offsetOf(text: string): TimeSpan {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(text);
  if (match === null) return new TimeSpan(0n);
  const seconds = BigInt(Number(match[2]) * 3600 + Number(match[3] ?? '0') * 60) * (match[1] === '-' ? -1n : 1n);
  return new TimeSpan(seconds * 1_000_000n);
}
