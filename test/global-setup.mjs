import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Tests of the program run what is built, as a user does. Plain JavaScript, because jest loads this file before it has
// anything that could load TypeScript as a module.

const root = fileURLToPath(new URL('..', import.meta.url));
const built = `${root}/dist/cli/main.js`;

/** Builds `dist` once, unless it is newer than every source. */
export default function build() {
  const newest = Math.max(...sources(`${root}/src`).map(modified), modified(`${root}/tsconfig.json`));
  if (modified(built) >= newest) return;
  const { stdout, stderr } = spawnSync('npm', ['run', 'build'], { cwd: root, encoding: 'utf8' });
  // The compiler writes its output in spite of wrong types, which the check of types tells better than a failed test.
  if (modified(built) < newest) throw new Error(`The sources could not be built:\n${stdout}${stderr}`);
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? sources(path) : entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** Milliseconds; 0 for a file that is not there. */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
