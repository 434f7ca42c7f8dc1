import { UsageError } from '../errors.ts';
import type { Io } from './io.ts';

/** Where an engine serves the URLs of signals. */
export interface SignalUrlChoice {
  readonly host?: string;
  readonly port?: number;
}

/** `--signal-address`, else `$HOTLOOM_SIGNAL_ADDRESS`: `PORT`, `HOST` or `HOST:PORT`. Undefined: the engine chooses. */
export function signalUrlChoice(io: Io, given: string | undefined): SignalUrlChoice | undefined {
  const text = given ?? io.env.HOTLOOM_SIGNAL_ADDRESS ?? '';
  if (text === '') return undefined;
  const [, bracketed, host = bracketed, port] =
    /^(?:(?:\[([^\]]+)\]|([^:[\]]*[^:[\]\d][^:[\]]*))(?::|$))?(\d{1,5})?$/.exec(text) ?? [];
  if ((host === undefined && port === undefined) || text.endsWith(':') || Number(port ?? 0) > 65_535) {
    throw new UsageError({
      what: `'${text}' is no address for signals.`,
      why: 'It says where the URLs are served by which resources are signalled.',
      fix: "Write a port, a host, or both: '8080', '192.168.0.7:8080', '[::1]:8080'.",
    });
  }
  return { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port: Number(port) }) };
}
