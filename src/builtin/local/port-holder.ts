import { createServer, type Server } from 'node:net';

/**
 * The ports that one engine holds for processes that are still to come. A held port is a listening socket of the engine's
 * own process: nobody else can get or bind it. Whoever connects to it is reset at once, so that he sees a closed port and
 * leaves no trace that would keep the port busy.
 *
 * A port that has been released stays reserved until `forget`: this engine does not give it away a second time while its
 * process is still about to bind it.
 */
export class PortHolder {
  /** By address; undefined for one that is released. */
  readonly #held = new Map<string, Server | undefined>();

  /** Listens on the port (0: one that the system chooses); gives its address. Rejects with the system's error. */
  async hold(host: string, port: number): Promise<HeldPort> {
    const server = createServer((socket) => socket.resetAndDestroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // A port alone is no reason for the engine's process to stay.
    server.unref();
    const { port: chosen } = server.address() as { port: number };
    const address = printAddress(host, chosen);
    this.#held.set(address, server);
    return { address, port: chosen };
  }

  /** True for a port that this engine has given away, released or not. */
  isReserved(host: string, port: number): boolean {
    return this.#held.has(printAddress(host, port));
  }

  /** Stops listening on these addresses, so that somebody else can; on those that are not held there is nothing to do. */
  async release(addresses: readonly string[]): Promise<void> {
    await Promise.all(
      addresses.map(async (address) => {
        const server = this.#held.get(address);
        if (server === undefined) return;
        this.#held.set(address, undefined);
        await new Promise((resolve) => server.close(resolve));
      }),
    );
  }

  /** Releases the address, and lets it be given away again. */
  async forget(address: string): Promise<void> {
    await this.release([address]);
    this.#held.delete(address);
  }
}

export interface HeldPort {
  /** `host:port`; the host of IPv6 in brackets. */
  readonly address: string;
  readonly port: number;
}

function printAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
