import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EndpointUnreachable, messageOf } from '../errors.ts';
import { printLauncher } from './launcher.ts';

/** `sun_path` of sockaddr_un without its final NUL: 108 bytes on Linux, 104 on macOS and the BSDs (unix(7), unix(4)). */
const MAX_SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** The directory of an endpoint: its socket, and beside it a directory with the command `hotloom`. */
export class EndpointDirectory {
  readonly socket: string;
  /** To be put into PATH. */
  readonly commands: string;
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
    this.socket = join(path, 'socket');
    this.commands = join(path, 'bin');
  }

  /** Makes a fresh directory that only this user may enter. Throws EndpointUnreachable. */
  static async create(options: { readonly directory?: string | undefined; readonly commandFile?: string | undefined }) {
    const parent = options.directory ?? tmpdir();
    await removeDead(parent);
    // mkdtemp makes the directory with mode 0700.
    const directory = new EndpointDirectory(await mkdtemp(join(parent, 'hotloom-')).catch(cannotMake(parent)));
    try {
      if (Buffer.byteLength(directory.socket) > MAX_SOCKET_PATH_BYTES) throw pathTooLong(directory.socket);
      await mkdir(directory.commands);
      const commandFile = options.commandFile ?? ownCommandFile();
      await writeFile(join(directory.commands, 'hotloom'), printLauncher(process.execPath, commandFile), {
        mode: 0o700,
      });
    } catch (error) {
      await directory.remove();
      throw error;
    }
    return directory;
  }

  /** Resolves when `server` listens on the socket. Throws EndpointUnreachable. */
  async listen(server: Server): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.socket, () => {
        server.off('error', reject);
        resolve();
      });
    }).catch(cannotMake(this.socket));
    await chmod(this.socket, 0o600);
  }

  /** Removes the socket and the command. */
  async remove(): Promise<void> {
    await rm(this.#path, { recursive: true, force: true });
  }
}

/** Engines that were killed could not remove theirs. So many are looked at. */
const MAX_DEAD = 50;

/** An engine listens at once; one that has not by then was killed as it began. */
const BEGINNING_MS = 600_000;

/** A socket is there a moment before it can be connected to: a younger one that refuses is not known to be dead. */
const LISTENING_MS = 10_000;

/** Removes the directories of this user's endpoints at whose sockets nobody listens any more. */
async function removeDead(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  const candidates = names.filter((name) => /^hotloom-[A-Za-z0-9]{6}$/.test(name)).slice(0, MAX_DEAD);
  await Promise.all(
    candidates.map(async (name) => {
      const directory = join(parent, name);
      const { uid, mtimeMs } = await stat(directory).catch(() => ({ uid: undefined, mtimeMs: 0 }));
      if (uid !== process.getuid?.() || !(await isOurs(directory))) return;
      const ageMs = Date.now() - mtimeMs;
      const neverBegan = ageMs > BEGINNING_MS && !existsSync(join(directory, 'socket'));
      const hasEnded = ageMs > LISTENING_MS && (await isDead(join(directory, 'socket')));
      if (neverBegan || hasEnded) await rm(directory, { recursive: true, force: true });
    }),
  );
}

/** Nothing is in it but what `create` makes. */
async function isOurs(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch(() => ['unreadable']);
  return names.every((name) => name === 'bin' || name === 'socket');
}

/** A socket that is not there yet belongs to an engine that is just starting. */
function isDead(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(false);
    });
    connection.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

/** Sources that run by a loader have no built command beside them, but one in `dist`. */
function ownCommandFile(): string {
  const ownFile = fileURLToPath(import.meta.url);
  if (!ownFile.endsWith('.ts')) return fileURLToPath(new URL('./command.js', import.meta.url));
  return fileURLToPath(new URL('../../dist/endpoint/command.js', import.meta.url));
}

function cannotMake(path: string) {
  return (error: unknown): never => {
    throw new EndpointUnreachable({
      what: `The endpoint for running processes cannot be made at '${path}'.`,
      why: `The system says: ${messageOf(error)}.`,
      fix: 'Let TMPDIR name a directory of a local file system in which this user may make files.',
      cause: error,
    });
  };
}

function pathTooLong(path: string): EndpointUnreachable {
  return new EndpointUnreachable({
    what: `The endpoint's socket would have the path '${path}', which is too long.`,
    why: `The path of a Unix socket has at most ${MAX_SOCKET_PATH_BYTES} bytes here, and this one has ${Buffer.byteLength(path)}.`,
    fix: 'Let TMPDIR name a directory with a shorter path, such as /tmp.',
  });
}
