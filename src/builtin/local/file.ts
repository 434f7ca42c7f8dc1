import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, readFile, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FileFailed, isHotloomError, messageOf } from '../../errors.ts';
import type { CreateCall } from '../../resource/handler.ts';
import { definePlainType } from '../../resource/resource-type.ts';
import type { Json, JsonObject } from '../../values.ts';

/**
 * `Local::File`: a file on this machine. It appears at its path whole or not at all.
 *
 * A file that is there already is refused unless `overwrite` is set; its content is lost then. Delete removes the file
 * also when somebody has changed or replaced it meanwhile, as Terraform's local_file does: its content comes from the
 * template. Of an attempt that did not get to its end only the file that it made is removed (by device and inode), never
 * one that was there before; nor is one that was made after the delete had begun: the engine was paused then, and another
 * one has done the delete and more. Directories that had to be made are removed too, if nothing else is in them by then.
 *
 * A snapshot holds its content and mode, whoever has changed them, and a restore puts them back. By the deletion policy
 * Snapshot a copy stays beside it, under its name with `.snapshot-` and eight digits.
 */
export const localFile = definePlainType({
  name: 'Local::File',
  // Both would want the same path.
  deletesBeforeReplacing: true,
  description: 'A file on this machine.',
  properties: {
    path: { description: 'Where; relative to where the engine runs.', type: 'string', minLength: 1 },
    content: { description: 'The text. Any other value is written as JSON, indented, with a line end.' },
    mode: { description: 'Permissions in octal digits.', type: 'string', pattern: '^0?[0-7]{3}$', default: '0644' },
    overwrite: { description: 'Whether to replace a file that is there already.', type: 'boolean', default: false },
  },
  required: ['path', 'content'],
  attributes: {
    path: { schema: { type: 'string' }, description: 'The absolute path.' },
    size: { schema: { type: 'integer' }, description: 'Bytes.' },
    sha256: { schema: { type: 'string' }, description: 'Of its content, in hexadecimal digits.' },
    refid: { schema: { type: 'string' }, description: 'The absolute path.' },
  },
  handler: {
    async create(call) {
      const { overwrite, mode } = call.properties;
      const path = resolve(call.properties.path);
      const content = Buffer.from(textOf(call.properties.content as Json));
      await write(call, path, content, { mode, overwrite, known: [] });
      await call.setResourceId(path);
      return attributesOf(path, content);
    },
    lookup: ({ data }) => readData(data).path,
    async check({ resourceId, data, properties, attributes }) {
      // One that is there already is known by its id alone.
      const { path: made } = readData(data);
      const path = made ?? resourceId;
      const present = path === undefined ? undefined : await find(path);
      if (path === undefined || present === undefined || !present.isFile()) {
        throw made === undefined ? isAbsent(path ?? '') : isGone(made);
      }
      const content = await readFile(path);
      const isSame =
        properties.content === undefined
          ? // It holds a hidden parameter. One that was there already has neither.
            typeof attributes.sha256 !== 'string' || attributes.sha256 === digestOf(content)
          : content.equals(Buffer.from(textOf(properties.content)));
      return isSame ? undefined : { content: content.toString('utf8') };
    },
    async snapshot({ resource, data, snapshotId, isFinal }) {
      const { path } = readData(data);
      const present = path === undefined ? undefined : await find(path);
      if (path === undefined || !present?.isFile()) throw isGone(path ?? '');
      if (isFinal) return { path: await keepBeside(path, snapshotId, resource.name) };
      return { content: (await readFile(path)).toString('base64'), mode: (present.mode & 0o777n).toString(8) };
    },
    async restore(call) {
      const { content, mode } = call.snapshot as { readonly content: string; readonly mode: string };
      const bytes = Buffer.from(content, 'base64');
      const { path = resolve(call.properties.path), directories } = readData(call.previous?.data ?? {});
      // Whatever is at its place by now gives way to what the snapshot has kept.
      const overwrite = call.previous !== undefined || call.properties.overwrite;
      await write(call, path, bytes, { mode, overwrite, known: directories });
      if (call.previous === undefined) await call.setResourceId(path);
      return attributesOf(path, bytes);
    },
    async delete({ resourceId, token, data }) {
      const { path, directories, identity } = readData(data);
      if (path === undefined) return;
      // By the clock that gives files their times.
      const begunMs = Date.now();
      try {
        await remove(draftOf(path, token));
        const present = await find(path);
        const isOwn = present !== undefined && (resourceId !== undefined || identityOf(present) === identity);
        if (isOwn && !present.isDirectory()) await removeUnlessNewer(path, draftOf(path, token), begunMs);
        for (const directory of directories) await removeIfEmpty(directory);
      } catch (error) {
        throw new FileFailed({
          what: `The file '${path}' cannot be removed.`,
          why: `The system says: ${messageOf(error)}.`,
          fix: 'Let this user change its directory, or remove it by hand; then delete the stack again.',
          cause: error,
        });
      }
    },
  },
});

/** `known` are directories that it has made before. */
async function write(
  call: CreateCall,
  path: string,
  content: Buffer,
  options: { readonly mode: string; readonly overwrite: boolean; readonly known: readonly string[] },
): Promise<void> {
  const { mode, overwrite, known } = options;
  const draft = draftOf(path, call.token);
  try {
    await refusePresent(path, overwrite);
    const directories = [...new Set([...(await missingDirectories(dirname(path))), ...known])];
    // Each step is recorded before it is done: what is recorded and was not made, delete simply does not find.
    await call.setData({ path, directories });
    await mkdir(dirname(path), { recursive: true });
    const identity = await writeDraft(draft, content, Number.parseInt(mode, 8));
    await call.setData({ path, directories, identity });
    await putInPlace(draft, path, overwrite);
  } catch (error) {
    throw isHotloomError(error) ? error : notWritten(path, error);
  } finally {
    await remove(draft);
  }
}

function attributesOf(path: string, content: Buffer) {
  return { path, size: content.length, sha256: digestOf(content), refid: path };
}

function digestOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A copy beside it that outlives it; a second attempt makes the same again. */
async function keepBeside(path: string, snapshotId: string, name: string): Promise<string> {
  const copy = `${path}.snapshot-${snapshotId.slice(0, 8)}`;
  try {
    await copyFile(path, copy);
    return copy;
  } catch (error) {
    throw new FileFailed({
      what: `The file '${path}' cannot be kept as '${copy}'.`,
      why: `The system says: ${messageOf(error)}. The deletion policy of '${name}' is Snapshot, so it is not removed.`,
      fix: 'Let this user change its directory, or copy it by hand and change the policy; then delete the stack again.',
      cause: error,
    });
  }
}

function textOf(content: Json): string {
  return typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
}

/** In the same directory, so that it can be moved to the path at one stroke. */
function draftOf(path: string, token: string): string {
  return join(dirname(path), `.hotloom-${token}`);
}

async function refusePresent(path: string, overwrite: boolean): Promise<void> {
  const present = await find(path);
  if (present?.isDirectory()) {
    throw new FileFailed({
      what: `'${path}' is a directory.`,
      why: 'A file cannot take its place.',
      fix: "Give a 'path' that ends in the name of the file.",
    });
  }
  if (present !== undefined && !overwrite) throw isPresent(path);
}

async function find(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

/** Takes the file aside at one stroke before it looks at it: between a look and a removal the engine may be paused, too. */
async function removeUnlessNewer(path: string, aside: string, begunMs: number): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (isAbsence(error)) return;
    throw error;
  }
  const { birthtimeNs, ctimeNs } = await lstat(aside, { bigint: true });
  // A file system that keeps no time of birth tells the time of the last change, which is the rename. `begunMs` was cut off.
  const isNewer = birthtimeNs > BigInt(begunMs + 1) * 1_000_000n && birthtimeNs < ctimeNs;
  if (isNewer) await putBack(aside, path);
  await remove(aside);
}

async function putBack(aside: string, path: string): Promise<void> {
  try {
    await link(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') await rename(aside, path);
  }
}

/** ENOTDIR: what should be a directory on the way is a file. */
function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The directories that `mkdir` will have to make for `directory`, the innermost first. */
async function missingDirectories(directory: string): Promise<string[]> {
  const missing: string[] = [];
  for (let current = directory; (await find(current)) === undefined; current = dirname(current)) missing.push(current);
  return missing;
}

/** Writes the draft and gives its identity, which it keeps when it is moved. */
async function writeDraft(draft: string, content: Buffer, mode: number): Promise<string> {
  // The same attempt may have been here before it was interrupted.
  await remove(draft);
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  try {
    await file.writeFile(content);
    await file.chmod(mode);
    await file.sync();
    return identityOf(await file.stat({ bigint: true }));
  } finally {
    await file.close();
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** `link` refuses a path that is taken, also one that was taken a moment ago; `rename` replaces it. */
async function putInPlace(draft: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) {
    await rename(draft, path);
    return;
  }
  try {
    await link(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw isPresent(path);
    // A file system without hard links: what is left is to look once more and to hope for a moment.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
    await refusePresent(path, false);
    await rename(draft, path);
  }
}

async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}

function readData({ path, directories, identity }: JsonObject) {
  return {
    path: typeof path === 'string' ? path : undefined,
    directories: Array.isArray(directories) ? (directories as readonly string[]) : [],
    identity: typeof identity === 'string' ? identity : undefined,
  };
}

function isPresent(path: string): FileFailed {
  return new FileFailed({
    what: `The file '${path}' is there already.`,
    why: 'This resource did not make it, so it would destroy what belongs to somebody else.',
    fix: "Give another 'path', remove the file, or set 'overwrite: true'.",
  });
}

function isGone(path: string): FileFailed {
  return new FileFailed({
    what: `The file '${path}' is not there any more.`,
    why: 'Somebody has removed it, or put something else in its place.',
    fix: 'Update the stack: it is made again.',
  });
}

/** Of a file that the resource has not made. */
function isAbsent(path: string): FileFailed {
  return new FileFailed({
    what: `There is no file '${path}'.`,
    why: 'The resource stands for one that is there already, by its external_id.',
    fix: 'Put the file there, or give the path of another one.',
  });
}

function notWritten(path: string, error: unknown): FileFailed {
  return new FileFailed({
    what: `The file '${path}' cannot be written.`,
    why: `The system says: ${messageOf(error)}.`,
    fix: 'Give a path in a directory that this user may change.',
    cause: error,
  });
}
