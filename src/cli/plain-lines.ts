import type { EngineEvent } from '../events.ts';
import { printName } from '../names.ts';
import { oneLine } from './io.ts';

/**
 * An event as one line for logs, in the form of Heat's client; undefined for those that would be too many: each read that
 * blocks, each value written.
 *
 *     2026-03-01 10:15:02.117Z [app.web]: CREATE_IN_PROGRESS  state changed
 */
export function printEvent(event: EngineEvent): string | undefined {
  const line = (resource: string | undefined, text: string): string =>
    `${printTime(event.time)} [${oneLine(printName(resource === undefined ? [event.stack] : [event.stack, resource]))}]: ${oneLine(text)}`;
  switch (event.type) {
    case 'stack':
      return line(undefined, `${event.action}_${event.status}  ${event.reason}`);
    case 'resource':
      return line(event.resource, `${event.action}_${event.status}  ${event.reason}`);
    case 'resource:wasSkipped':
      return line(event.resource, `skipped  ${event.reason}`);
    case 'resource:didLog':
      return line(event.resource, `log  ${event.line}`);
    case 'read:didStall':
      return line(undefined, `stall  ${event.reason} ${event.cycle.join('; ')}`);
    case 'read:didDeadlock':
      return line(undefined, `deadlock  ${event.cycle.join('; ')}`);
    case 'stack:didQuiesce':
      return line(
        undefined,
        `nothing can go on by itself  ${event.waiting.map(({ reader, name, reason }) => `${reader} waits for ${printName(name)}: ${reason}`).join('; ')}`,
      );
    // The resource's own events say so.
    case 'hook:didPause':
    case 'hook:didClear':
    case 'read:willBlock':
    case 'read:didWake':
    case 'name:didPublish':
    // Of another stack: told at the end.
    case 'stack:didBecomeStale':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** `2026-03-01 10:15:02.117Z` */
export function printTime(time: number): string {
  return new Date(time).toISOString().replace('T', ' ');
}
