import { readFileSync } from 'node:fs';
import type { Randomness } from '../../clock.ts';
import { messageOf, PortFailed } from '../../errors.ts';
import { definePlainType, type ResourceType } from '../../resource/resource-type.ts';
import type { HeldPort, PortHolder } from './port-holder.ts';

/** Below lie the ports of well-known services. */
const LOWEST_PORT = 10_240;

/** What Linux has by default (ip(7), ip_local_port_range); macOS and the BSDs begin at 49152. */
const LOWEST_EPHEMERAL_PORT = 32_768;

/** In a narrower range one may have to try too often. */
const LEAST_CANDIDATES = 1000;
const TRIES = 100;

/**
 * `Local::Port`: a free TCP port, held until its user takes it over. Give its reference id, which is `host:port`, to the
 * property `ports` of the Local::Process or Local::Script that is to bind it.
 *
 * While it is held, the engine's process listens on it, so nobody else can bind it; whoever connects is reset. The hold
 * ends when its user is about to be started, when the resource is deleted, and when the engine's process ends. Between
 * that and its user's own bind the port belongs to nobody. What is guaranteed then: this engine gives it to no other
 * resource, and the system to no program that asks for just any port, nor to an outgoing connection, since the port is
 * chosen below the range from which the system takes those. A program that asks for exactly this port would get it.
 * (There is no way to hand the socket over, as most programs bind by themselves, and two sockets can bind one port only
 * by SO_REUSEPORT, which both would have to set.)
 */
export function localPort(parts: { readonly ports: PortHolder }): ResourceType {
  return definePlainType({
    name: 'Local::Port',
    description: 'A free TCP port on this machine, held until its user takes it over.',
    properties: {
      host: { description: 'The local address to bind.', type: 'string', minLength: 1, default: '127.0.0.1' },
    },
    attributes: {
      port: { schema: { type: 'integer' }, description: 'The port.' },
      host: { schema: { type: 'string' }, description: 'The local address.' },
      address: { schema: { type: 'string' }, description: '`host:port`; the host of IPv6 in brackets.' },
      refid: { schema: { type: 'string' }, description: '`host:port`, too.' },
    },
    handler: {
      async create({ properties: { host }, randomness, setResourceId }) {
        const { address, port } = await holdFreePort(parts.ports, host, randomness);
        await setResourceId(address);
        return { port, host, address, refid: address };
      },
      // The hold ended with the engine.
      lookup: () => undefined,
      delete: ({ resourceId }) => (resourceId === undefined ? undefined : parts.ports.forget(resourceId)),
    },
  });
}

async function holdFreePort(ports: PortHolder, host: string, randomness: Randomness): Promise<HeldPort> {
  const end = lowestEphemeralPort();
  try {
    if (end - LOWEST_PORT < LEAST_CANDIDATES) return await ports.hold(host, 0);
    for (let tries = 1; ; tries += 1) {
      const port = randomPort(LOWEST_PORT, end, randomness);
      if (ports.isReserved(host, port)) continue;
      try {
        return await ports.hold(host, port);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === TRIES) throw error;
      }
    }
  } catch (error) {
    throw new PortFailed({
      what: `No port can be had at the host '${host}'.`,
      why: `The system says: ${messageOf(error)}.`,
      fix: "Give a 'host' that is an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them.",
      cause: error,
    });
  }
}

/** Where the range begins from which the system takes a port when a program does not say which. */
function lowestEphemeralPort(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10) || LOWEST_EPHEMERAL_PORT;
  } catch {
    return LOWEST_EPHEMERAL_PORT;
  }
}

/** Nearly uniform, which is good enough to meet a free port. */
function randomPort(from: number, end: number, randomness: Randomness): number {
  const [high = 0, middle = 0, low = 0] = randomness.bytes(3);
  return from + (((high << 16) | (middle << 8) | low) % (end - from));
}
