import type { ResourceIdentity, SignalUrl } from './handler.ts';

/** Where an engine takes the signals to one resource, and what a request has to bear. */
export interface SignalAddress {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

/** The resource that a signal is for. */
export type SignalTarget = Pick<ResourceIdentity, 'space' | 'stack' | 'stackId' | 'name'>;

/** The URL of a resource's signals; its path is as of Heat's API, with the space in the place of the project. */
export function signalUrl(target: SignalTarget, { host, port, token }: SignalAddress): SignalUrl {
  const { space, stack, stackId, name } = target;
  const segments = ['v1', space, 'stacks', stack, stackId, 'resources', name, 'signal'].map(encodeURIComponent);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/${segments.join('/')}`;
  return { url, token, signedUrl: `${url}?token=${token}` };
}

/** What a path of that form names; undefined for any other path. */
export function parseSignalPath(path: string): SignalTarget | undefined {
  const segments = path.split('/').map(decode);
  const [root, version, space, stacks, stack, stackId, resources, name, last, ...rest] = segments;
  const isOne =
    root === '' && version === 'v1' && stacks === 'stacks' && resources === 'resources' && last === 'signal';
  if (!isOne || rest.length > 0 || !space || !stack || !stackId || !name) return undefined;
  return { space, stack, stackId, name };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
