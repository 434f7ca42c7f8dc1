import type { Quiescence } from '../scheduler/idleness.ts';
import type { Traversal } from '../scheduler/traversal.ts';
import type { WaitCycle } from '../space/waits.ts';
import { type StackServices, stackKey } from './services.ts';

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

/**
 * `cause` has come to wait, or goes on: tells of each traversal that does nothing but wait, and waits for nobody who is at
 * work, once. Those that do not wait for what `cause` does are not looked at: with thousands of readers that costs milliseconds.
 */
export function tellQuiescence(
  { running, events, clock }: Pick<StackServices, 'running' | 'events' | 'clock'>,
  cause: Traversal,
): void {
  if (!events.isHeard) return;
  for (const { space, stack, traversal } of running.values()) {
    if (
      traversal?.idleness.isIdle !== true ||
      (traversal !== cause && !mayDiffer(traversal.idleness.quiescence, cause))
    )
      continue;
    const waiting = traversal.blockers.waiting();
    const atWork = waiting.find(({ writer }) => writer === 'running');
    const isQuiet = waiting.length > 0 && atWork === undefined;
    const told = isQuiet
      ? waiting.map((each) => [each.reader, each.input, each.name, each.writer].join()).join(';')
      : undefined;
    const isNew = told !== traversal.idleness.quiescence?.told;
    const stacks = new Set(waiting.map(({ name }) => stackKey(name[0], name[1])));
    traversal.idleness.quiescence = { told, atWork: atWork?.name, stacks };
    if (isQuiet && isNew) events.emit({ type: 'stack:didQuiesce', time: clock.now(), space, stack, waiting });
  }
}

/** Whether something else may be found out of a traversal than before, since `cause` is not as it was. */
function mayDiffer(before: Quiescence | undefined, { stack: { space, stack }, blockers }: Traversal): boolean {
  if (before === undefined) return true;
  if (!before.stacks.has(stackKey(space, stack))) return false;
  if (before.atWork === undefined) return true;
  const [ofSpace, ofStack, resource, attribute] = before.atWork;
  return ofSpace === space && ofStack === stack && blockers.describeWriter(resource, attribute).writer !== 'running';
}
