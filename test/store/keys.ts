import { createHash } from 'node:crypto';

/** Keys for tests, which come out alike each time. */
export function testKey(name: string): string {
  return createHash('sha256').update(`hotloom test key ${name}`).digest('base64');
}

export const KEY = testKey('a');
export const OTHER_KEY = testKey('b');
