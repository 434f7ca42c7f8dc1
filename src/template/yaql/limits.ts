import { LimitExceeded } from './errors.ts';
import { Container, Dictionary, List, type Value, ValueSet } from './values.ts';

/** `yaql.limitIterators`: how many items of a collection are read (heat/common/config.py, limit_iterators). */
export const MAX_ITEMS = 200;

/** `yaql.memoryQuota`: how many bytes a value may take by itself (heat/common/config.py, memory_quota). */
const MEMORY_QUOTA = 10_000;

/** How many calls and items an evaluation may take. Heat has no such bound, and hangs. */
const MAX_STEPS = 1_000_000;

/** How many bytes of a text or integer, and how many values in a container, count as one step. */
const BYTES_PER_STEP = 64;
const VALUES_PER_STEP = 1024;

/** How many calls may be under way in each other. Python gives up at about as many. */
const MAX_CALL_DEPTH = 200;

/** What one evaluation has used up. */
export class Budget {
  #steps = 0;
  #depth = 0;

  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > MAX_STEPS) throw new LimitExceeded(`Expression took more than ${MAX_STEPS} steps`);
  }

  /** Counts the work that a function may have with a value. */
  work(value: Value): void {
    if (value instanceof Container) this.step(Math.floor(value.weight / VALUES_PER_STEP));
    else if (typeof value === 'string' || typeof value === 'bigint') {
      this.step(Math.floor(sizeOf(value) / BYTES_PER_STEP));
    }
  }

  /** What `run` returns, as one call inside the calls around it. */
  nested<T>(run: () => T): T {
    this.step();
    if (this.#depth >= MAX_CALL_DEPTH) throw new LimitExceeded('maximum recursion depth exceeded');
    this.#depth += 1;
    try {
      return run();
    } finally {
      this.#depth -= 1;
    }
  }

  /** The items, of which there are at most MAX_ITEMS (yaql/language/utils.py, limit_iterable). */
  *limited(items: Iterable<Value>): Generator<Value> {
    let count = 0;
    for (const item of items) {
      this.step();
      if (count >= MAX_ITEMS) throw tooManyItems();
      count += 1;
      yield item;
    }
  }
}

/** The error for a collection of more than MAX_ITEMS. */
export function tooManyItems(): LimitExceeded {
  return new LimitExceeded(`Collection length exceeds ${MAX_ITEMS} elements`);
}

/** Refuses values that take too many bytes together, as often as each is counted (utils.py, limit_memory_usage). */
export function limitMemory(...counted: readonly (readonly [count: number, value: Value])[]): void {
  limitBytes(...counted.map(([count, value]) => count * sizeOf(value)));
}

/** Refuses numbers of bytes that are too many together. */
export function limitBytes(...sizes: readonly number[]): void {
  let total = 0;
  for (const size of sizes) {
    total += size;
    if (total > MEMORY_QUOTA) throw new LimitExceeded('Expression consumed too much memory');
  }
}

/** `sys.getsizeof(value)` of CPython 3.11, what is inside a container not counted. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return textSize(value);
  if (typeof value === 'bigint') return integerSize(value);
  if (value instanceof List) return (value.isTuple ? 40 : 56) + 8 * value.items.length;
  if (value instanceof ValueSet) return tableSize(value.members.size);
  if (value instanceof Dictionary) return value.isFrozen ? 48 : mappingSize(value.entries.size);
  return typeof value === 'boolean' ? 28 : 48;
}

/** How many bytes an integer of so many bits takes. */
export function bytesOfBits(bits: number): number {
  return 24 + 4 * Math.max(1, Math.ceil(bits / 30));
}

function integerSize(value: bigint): number {
  return Number.isSafeInteger(Number(value)) ? 32 : bytesOfBits(4 * value.toString(16).length);
}

function textSize(text: string): number {
  let [length, widest] = [0, 0];
  for (const character of text) {
    length += 1;
    widest = Math.max(widest, character.codePointAt(0) as number);
  }
  if (widest < 0x80) return 49 + length;
  if (widest < 0x100) return 73 + length;
  return widest < 0x10000 ? 74 + 2 * length : 76 + 4 * length;
}

/** The bytes of a set: its table grows fourfold when it is three fifths full. */
function tableSize(count: number): number {
  let slots = 8;
  while (count * 5 >= slots * 3) slots *= 4;
  return 200 + (slots === 8 ? 16 : slots * 16 + 16);
}

/** The bytes of a dict: its table doubles when it is two thirds full. */
function mappingSize(count: number): number {
  if (count === 0) return 64;
  let slots = 8;
  while (count > Math.floor((slots * 2) / 3)) slots *= 2;
  return 96 + slots * (slots <= 256 ? 1 : 2) + Math.floor((slots * 2) / 3) * 24;
}
