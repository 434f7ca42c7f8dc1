import { needs } from '../simulation/scenario.ts';
import type { StackModel } from './stack-model.ts';
import { ownerOf, type Wait, waitsIn } from './waits.ts';

/** Waits each of which waits for a name of the next one's reader, the last for one of the first's. */
export interface Circle {
  /** `reader read -> name` of each. */
  readonly hops: readonly string[];
  readonly waits: readonly Wait[];
  /** Each of the readers needs its own wait to end before it can write the name: it declares so. */
  readonly isHard: boolean;
}

/** Every circle of waits (DESIGN 4), found by going every way. `isNeeded` is what attributes declare. */
export function circlesIn(model: StackModel, isNeeded: typeof needs = needs): readonly Circle[] {
  const waits = waitsIn(model);
  const found: Circle[] = [];
  const go = (way: readonly Hop[], last: Wait): void => {
    for (const name of last.names) {
      const longer = [...way, { wait: last, name }];
      const first = longer[0]?.wait as Wait;
      for (const next of waits.filter(({ part }) => part.key === ownerOf(name))) {
        // Each circle is met from each of its waits, and taken from the first.
        if (next === first) found.push(circleOf(longer, isNeeded));
        else if (waits.indexOf(next) > waits.indexOf(first) && !longer.some(({ wait }) => wait === next)) {
          go(longer, next);
        }
      }
    }
  };
  for (const wait of waits) go([], wait);
  return found;
}

interface Hop {
  readonly wait: Wait;
  readonly name: string;
}

function circleOf(way: readonly Hop[], isNeeded: typeof needs): Circle {
  const isHard = way.every(({ name }, index) => {
    const { part, read } = (way[(index + 1) % way.length] as Hop).wait;
    const attribute = name.split('.')[2];
    if (part.phase === 'waiting' || attribute === undefined) return true;
    return isNeeded(part.sketch, attribute, read.includes('.') ? undefined : read);
  });
  const hops = way.map(({ wait: { part, read }, name }) => `${part.key} ${read} -> ${name}`);
  return { hops, waits: way.map(({ wait }) => wait), isHard };
}
