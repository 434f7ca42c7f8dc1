import type { WaitCycle } from '../space/waits.ts';
import type { StackServices } from './services.ts';

/** Tells each stack in it of a cycle of reads. */
export function tellCycle(
  { events, clock }: Pick<StackServices, 'events' | 'clock'>,
  type: 'read:didStall' | 'read:didDeadlock',
  cycle: WaitCycle,
): void {
  if (!events.isHeard) return;
  const time = clock.now();
  for (const { space, stack } of cycle.stacks) {
    if (type === 'read:didDeadlock') {
      events.emit({ type, time, space, stack, cycle: cycle.hops });
      continue;
    }
    const { writer, attribute, input } = cycle.broken ?? {
      writer: { resource: '' },
      attribute: '',
      input: undefined,
    };
    const reason = `The handler of '${writer.resource}' waits for ${input ?? 'a name'} before it writes '${attribute}', which it declares to write without it.`;
    events.emit({ type, time, space, stack, cycle: cycle.hops, reason });
  }
}

/** Somebody waits now: tells of each traversal that does nothing else, and waits for nobody who is at work, once. */
export function tellQuiescence({ running, events, clock }: Pick<StackServices, 'running' | 'events' | 'clock'>): void {
  if (!events.isHeard) return;
  for (const { space, stack, traversal } of running.values()) {
    if (traversal?.isIdle !== true) continue;
    const waiting = traversal.blockers.waiting();
    const isQuiet = waiting.length > 0 && !waiting.some(({ writer }) => writer === 'running');
    const told = isQuiet
      ? waiting.map((each) => [each.reader, each.input, each.name, each.writer].join()).join(';')
      : undefined;
    const isNew = told !== traversal.toldQuiescence;
    traversal.toldQuiescence = told;
    if (isQuiet && isNew) events.emit({ type: 'stack:didQuiesce', time: clock.now(), space, stack, waiting });
  }
}
