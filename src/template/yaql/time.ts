const MICROSECONDS_PER_SECOND = 1_000_000n;
const MICROSECONDS_PER_DAY = 86_400n * MICROSECONDS_PER_SECOND;
const EPOCH_YEAR_MS = 86_400_000;

/** The fields of a date and time, as they are read on a clock. */
export interface ClockFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

/** Python's timedelta. */
export class TimeSpan {
  readonly microseconds: bigint;

  constructor(microseconds: bigint) {
    this.microseconds = microseconds;
  }

  /** As `str` writes it: `1 day, 2:03:04.000005`. */
  toString(): string {
    const { days, seconds, microseconds } = this.#parts();
    const time = `${seconds / 3600n}:${pad((seconds / 60n) % 60n)}:${pad(seconds % 60n)}`;
    const fraction = microseconds === 0n ? '' : `.${pad(microseconds, 6)}`;
    const daysText = days === 0n ? '' : `${days} day${days === 1n || days === -1n ? '' : 's'}, `;
    return daysText + time + fraction;
  }

  /** As `repr` writes it. */
  get literal(): string {
    const parts = Object.entries(this.#parts()).filter(([, value]) => value !== 0n);
    return `datetime.timedelta(${parts.map(([name, value]) => `${name}=${value}`).join(', ') || '0'})`;
  }

  #parts(): { days: bigint; seconds: bigint; microseconds: bigint } {
    const rest = ((this.microseconds % MICROSECONDS_PER_DAY) + MICROSECONDS_PER_DAY) % MICROSECONDS_PER_DAY;
    return {
      days: (this.microseconds - rest) / MICROSECONDS_PER_DAY,
      seconds: rest / MICROSECONDS_PER_SECOND,
      microseconds: rest % MICROSECONDS_PER_SECOND,
    };
  }
}

/** Python's datetime: what a clock shows, and how far that clock is from UTC. */
export class DateTime {
  /** What the clock shows, in microseconds since 1970. */
  readonly clockMicroseconds: bigint;
  /** How far the clock is ahead of UTC; undefined for an unknown zone. */
  readonly offset: TimeSpan | undefined;

  constructor(clockMicroseconds: bigint, offset: TimeSpan | undefined) {
    this.clockMicroseconds = clockMicroseconds;
    this.offset = offset;
  }

  /** The moment, in microseconds since 1970 in UTC. */
  get utcMicroseconds(): bigint {
    return this.clockMicroseconds - (this.offset?.microseconds ?? 0n);
  }

  get fields(): ClockFields {
    const date = this.#date();
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      microsecond: Number(modulo(this.clockMicroseconds, MICROSECONDS_PER_SECOND)),
    };
  }

  /** Monday is 0. */
  get weekday(): number {
    return (this.#date().getUTCDay() + 6) % 7;
  }

  /** The first of January is 1. */
  get dayOfYear(): number {
    const date = this.#date();
    const start = new Date(0);
    start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
    return Math.floor((date.getTime() - start.getTime()) / EPOCH_YEAR_MS) + 1;
  }

  /** The same, with UTC for an unknown zone. */
  withZone(): DateTime {
    return this.offset === undefined ? new DateTime(this.clockMicroseconds, new TimeSpan(0n)) : this;
  }

  /** `+01:00` with `:` between, empty for an unknown zone. */
  zoneText(separator: string): string {
    if (this.offset === undefined) return '';
    const { microseconds } = this.offset;
    const size = (microseconds < 0n ? -microseconds : microseconds) / MICROSECONDS_PER_SECOND;
    const seconds = size % 60n === 0n ? '' : separator + pad(size % 60n);
    return `${microseconds < 0n ? '-' : '+'}${pad(size / 3600n)}${separator}${pad((size / 60n) % 60n)}${seconds}`;
  }

  /** As `str` writes it: `2020-01-02 03:04:05+00:00`. */
  toString(): string {
    const { year, month, day, hour, minute, second, microsecond } = this.fields;
    const fraction = microsecond === 0 ? '' : `.${pad(microsecond, 6)}`;
    const date = `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
    return `${date} ${pad(hour)}:${pad(minute)}:${pad(second)}${fraction}${this.zoneText(':')}`;
  }

  /** As `repr` writes it. */
  get literal(): string {
    const { year, month, day, hour, minute, second, microsecond } = this.fields;
    const last = microsecond !== 0 ? [second, microsecond] : second !== 0 ? [second] : [];
    const zone =
      this.offset === undefined
        ? ''
        : `, tzinfo=${this.offset.microseconds === 0n ? 'tzutc()' : `tzoffset(None, ${this.offset.microseconds / MICROSECONDS_PER_SECOND})`}`;
    return `datetime.datetime(${[year, month, day, hour, minute, ...last].join(', ')}${zone})`;
  }

  #date(): Date {
    return new Date(Number((this.clockMicroseconds - modulo(this.clockMicroseconds, 1000n)) / 1000n));
  }
}

/** The date and time that a clock with this offset shows; undefined for one that there is not. */
export function dateTimeOf(fields: ClockFields, offset: TimeSpan | undefined): DateTime | undefined {
  const { year, month, day, hour, minute, second, microsecond } = fields;
  if (year < 1 || year > 9999 || hour < 0 || hour > 23 || minute < 0 || minute > 59) return undefined;
  if (second < 0 || second > 59 || microsecond < 0 || microsecond > 999_999) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const seconds = BigInt(date.getTime()) / 1000n + BigInt(hour * 3600 + minute * 60 + second);
  return new DateTime(seconds * MICROSECONDS_PER_SECOND + BigInt(microsecond), offset);
}

/** A number with zeros in front. */
export function pad(value: number | bigint, width = 2): string {
  return String(value).padStart(width, '0');
}

function modulo(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by;
}
