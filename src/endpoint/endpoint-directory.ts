import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
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
