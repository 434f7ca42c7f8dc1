/** A stack as the search sees it. Resources, inputs and attributes are named by short texts. */
export interface Sketch {
  readonly [resource: string]: {
    readonly kind: 'plain' | 'streaming';
    /** By input: the attributes that it reads, such as `b.x`. */
    readonly inputs: { readonly [input: string]: readonly string[] };
    /** By attribute: the inputs that it needs; of a plain resource it needs all. */
    readonly needs: { readonly [attribute: string]: readonly string[] };
    readonly dependsOn: readonly string[];
  };
}

/** One thing that can happen, and what has to have happened before it. */
interface Happening {
  readonly name: string;
  readonly after: readonly string[];
}

/**
 * What may happen in a stack whose handlers keep their declarations, each written down as the design says it:
 *
 * - A plain resource starts when all its inputs are there and what it depends on is done, and publishes after that.
 * - A streaming resource starts when what it depends on is done. It reads its inputs side by side, and publishes each
 *   attribute when it has those that the attribute needs.
 * - An input is there when every attribute that it reads has been published.
 * - A resource is done when it has all inputs and has published everything.
 */
export function happenings(sketch: Sketch): readonly Happening[] {
  return Object.entries(sketch).flatMap(([resource, { kind, inputs, needs, dependsOn }]) => {
    const own = Object.keys(inputs).map((input) => `${resource} has ${input}`);
    const published = Object.keys(needs).map((attribute) => `${resource}.${attribute}`);
    const dependencies = dependsOn.map((other) => `${other} is done`);
    const start = `${resource} starts`;
    return [
      { name: start, after: kind === 'plain' ? [...own, ...dependencies] : dependencies },
      ...Object.entries(inputs).map(([input, reads]) => ({ name: `${resource} has ${input}`, after: reads })),
      ...Object.entries(needs).map(([attribute, needed]) => ({
        name: `${resource}.${attribute}`,
        after: [start, ...(kind === 'plain' ? own : needed.map((input) => `${resource} has ${input}`))],
      })),
      { name: `${resource} is done`, after: [start, ...own, ...published] },
    ];
  });
}

/** How the schedules of a stack can end: the sets of what has happened when nothing more can. */
export interface Ends {
  /** By what has happened, as one text; one entry for each different end. */
  readonly ends: ReadonlySet<string>;
  /** Whether there is a schedule that ends before all has happened. */
  readonly getsStuck: boolean;
}

/**
 * Plays every schedule: from each state everything that can happen next is tried. States are met again by many ways, and
 * looked at once. The number of states is exponential, so this is for stacks of a few resources.
 */
export function searchSchedules(sketch: Sketch): Ends {
  const all = happenings(sketch);
  const places = new Map(all.map(({ name }, place) => [name, place]));
  const before = all.map(({ after }) => mask(after.map((name) => places.get(name) as number)));
  const whole = mask(all.map((_, place) => place));
  const ends = new Set<string>();
  const seen = new Set<bigint>();
  const open = [0n];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (seen.has(state)) continue;
    seen.add(state);
    let isEnd = true;
    for (let place = 0; place < all.length; place += 1) {
      const bit = 1n << BigInt(place);
      if ((state & bit) !== 0n || ((before[place] as bigint) & ~state) !== 0n) continue;
      isEnd = false;
      open.push(state | bit);
    }
    if (isEnd) ends.add(state.toString(2));
  }
  return { ends, getsStuck: [...ends].some((end) => end !== whole.toString(2)) };
}

function mask(places: readonly number[]): bigint {
  return places.reduce((bits, place) => bits | (1n << BigInt(place)), 0n);
}
