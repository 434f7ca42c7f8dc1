import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Works in a directory of its own, which is gone afterwards. */
export async function inDirectory(work) {
  const directory = mkdtempSync(join(tmpdir(), 'hotloom-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
