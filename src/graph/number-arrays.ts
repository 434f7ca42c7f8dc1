/** From so many bytes on. A small buffer is counted, so that many of them are not kept for long. */
const LARGE = 2 ** 20;

/**
 * `length` zeros, one of the arrays that are as long as a graph. The large ones lie in shared memory, which V8 does not count
 * against the heap: with each 64 MB of other buffers it marks the whole heap, the parsed template in it. In the create of
 * 1,000,000 resources that was two times, and 4.7 of 11.7 s. It is freed as other buffers are.
 */
export function uint32Array(length: number): Uint32Array {
  return 4 * length < LARGE ? new Uint32Array(length) : new Uint32Array(new SharedArrayBuffer(4 * length));
}

/** The same of bytes. */
export function uint8Array(length: number): Uint8Array {
  return length < LARGE ? new Uint8Array(length) : new Uint8Array(new SharedArrayBuffer(length));
}

/** The first `length` of them, in an array of their own. */
export function firstOf(numbers: Uint32Array, length: number): Uint32Array {
  const first = uint32Array(length);
  first.set(numbers.subarray(0, length));
  return first;
}
