import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** The rows of the table in src/README.md, in order: each the files and folders of one place. */
function places(): readonly (readonly string[])[] {
  const table = readFileSync(join(src, 'README.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| `/.test(line));
  return table.map((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] as string));
}

function sources(folder = src): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') ? [relative(src, path)] : [];
  });
}

function placeOf(file: string, order: readonly (readonly string[])[]): number {
  return order.findIndex((names) => names.some((name) => (name.endsWith('/') ? file.startsWith(name) : file === name)));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  const found = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1] as string);
  return found.map((path) => relative(src, join(src, dirname(file), path)));
}

describe('src/README.md', () => {
  const order = places();

  test.each(sources())('%s has a place in the list', (file) => {
    expect(placeOf(file, order)).toBeGreaterThanOrEqual(0);
  });

  test.each(sources())('%s imports only from its own place and from places above it', (file) => {
    const own = placeOf(file, order);
    expect(importsOf(file).filter((path) => placeOf(path, order) > own)).toEqual([]);
  });
});
