import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isHotloomError, ResourceFailure } from '../../src/errors.ts';
import type { Name } from '../../src/names.ts';
import type { DataSpace, Entry, Region } from '../../src/space/data-space.ts';
import { MemorySpace } from '../../src/space/memory-space.ts';
import type { Json } from '../../src/values.ts';
import { runs } from '../random.ts';
import { print, SpaceModel } from './space-model.ts';

const STACKS = ['s', 't'];
const RESOURCES = ['a', 'b'];
const ATTRIBUTES = ['x', 'y'];
/** A stack declares all of its names but those of `b.y`, which are left to others. */
const namesOf = (stack: string): string[] =>
  RESOURCES.flatMap((resource) => ATTRIBUTES.map((attribute) => `${stack}.${resource}.${attribute}`));
const declaredOf = (stack: string): string[] => namesOf(stack).filter((name) => !name.endsWith('b.y'));
const NAMES = STACKS.flatMap(namesOf);

type Operation =
  | { readonly do: 'read' | 'tryRead'; readonly name: string }
  | { readonly do: 'giveUp'; readonly reader: number }
  | { readonly do: 'writeOutside' | 'writeOwn'; readonly name: string; readonly value: Json }
  | { readonly do: 'declare' | 'close'; readonly stack: string }
  | { readonly do: 'fail'; readonly stack: string; readonly resource: string }
  | { readonly do: 'watch'; readonly prefix: string };

const value: fc.Arbitrary<Json> = fc.constantFrom<Json>(null, 0, false, '', 1, [1], { k: 1 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), name: fc.constantFrom(...NAMES) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tryRead' as const), name: fc.constantFrom(...NAMES) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('giveUp' as const), reader: fc.nat({ max: 10 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('writeOutside' as const, 'writeOwn' as const),
      name: fc.constantFrom(...NAMES),
      value,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('declare' as const), stack: fc.constantFrom(...STACKS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), stack: fc.constantFrom(...STACKS) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      stack: fc.constantFrom(...STACKS),
      resource: fc.constantFrom(...RESOURCES),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('watch' as const), prefix: fc.constantFrom(...STACKS, 's.a', 's.a.x') }),
  },
);

/** The real space, driven and observed as the model is. */
class Driven {
  readonly told: string[] = [];
  readonly #space: DataSpace;
  readonly #regions = new Map<string, Region>();
  readonly #cancels = new Map<string, () => void>();
  readonly #watches: { readonly watch: string; readonly changes: AsyncIterator<{ name: Name; entry: Entry }> }[] = [];

  constructor(space: DataSpace) {
    this.#space = space;
  }

  read(reader: string, name: string): void {
    const cancel = this.#space.subscribe(nameOf(name), (entry) => this.told.push(`${reader} gets ${shown(entry)}`));
    this.#cancels.set(reader, cancel);
  }

  giveUp(reader: string): void {
    this.#cancels.get(reader)?.();
  }

  tryRead(name: string): string {
    return shown(this.#space.tryRead(nameOf(name)));
  }

  writeOutside(name: string, written: Json): string {
    return codeOf(() => void this.#space.write(nameOf(name), written));
  }

  writeOwn(stack: string, name: string, written: Json): string {
    const [, resource, attribute] = name.split('.') as [string, string, string];
    const region = this.#regions.get(stack);
    return region === undefined ? 'UndeclaredWrite' : codeOf(() => void region.write(resource, attribute, written));
  }

  declare(stack: string, names: readonly string[]): string {
    const outputs = new Map<string, string[]>();
    for (const name of names) {
      const [, resource, attribute] = name.split('.') as [string, string, string];
      outputs.set(resource, [...(outputs.get(resource) ?? []), attribute]);
    }
    return codeOf(() => void this.#regions.set(stack, this.#space.declare('default', stack, outputs)));
  }

  fail(stack: string, resource: string): void {
    const failure = new ResourceFailure({ what: resource });
    void this.#regions.get(stack)?.fail(resource.split('.')[1] as string, failure);
  }

  close(stack: string): void {
    void this.#regions.get(stack)?.close();
    this.#regions.delete(stack);
  }

  /** A watch begins with its first `next`. */
  watch(watch: string, prefix: string): void {
    const changes = this.#space.watch(['default', ...prefix.split('.')])[Symbol.asyncIterator]();
    this.#watches.push({ watch, changes });
    void this.#follow(watch, changes);
  }

  async #follow(watch: string, changes: AsyncIterator<{ name: Name; entry: Entry }>): Promise<void> {
    for (let next = await changes.next(); next.done !== true; next = await changes.next()) {
      this.told.push(`${watch} sees ${next.value.name.slice(1).join('.')} ${shown(next.value.entry)}`);
    }
  }
}

function nameOf(name: string): Name {
  return ['default', ...name.split('.')] as unknown as Name;
}

function shown(entry: Entry | undefined): string {
  return print(entry !== undefined && 'failure' in entry ? { failure: entry.failure.what } : entry);
}

function codeOf(act: () => void): string {
  try {
    act();
    return 'done';
  } catch (error) {
    if (isHotloomError(error)) return error.code;
    throw error;
  }
}

/** Plays the operations on both; what each told is compared by who was told, since watches are told a turn later. */
async function difference(operations: readonly Operation[], space: DataSpace): Promise<readonly [unknown, unknown]> {
  const model = new SpaceModel();
  const driven = new Driven(space);
  const answers: [string, string][] = [];
  for (const [index, step] of operations.entries()) {
    const both = (act: (one: SpaceModel | Driven) => unknown): void => {
      answers.push([String(act(model) ?? ''), String(act(driven) ?? '')]);
    };
    if (step.do === 'read') both((one) => one.read(`reader${index}`, step.name));
    else if (step.do === 'tryRead') both((one) => one.tryRead(step.name));
    else if (step.do === 'giveUp') both((one) => one.giveUp(`reader${step.reader}`));
    else if (step.do === 'writeOutside') both((one) => one.writeOutside(step.name, step.value));
    else if (step.do === 'writeOwn') both((one) => one.writeOwn(step.name[0] as string, step.name, step.value));
    else if (step.do === 'declare') both((one) => one.declare(step.stack, declaredOf(step.stack)));
    else if (step.do === 'close') both((one) => one.close(step.stack));
    else if (step.do === 'fail') both((one) => one.fail(step.stack, `${step.stack}.${step.resource}`));
    else if (step.do === 'watch') {
      // What is there already comes in the order of the space, which is nobody's promise: only later changes are compared.
      model.watch(`watch${index}`, step.prefix, []);
      driven.watch(`watch${index}`, step.prefix);
      await turn();
      driven.told.splice(0, driven.told.length, ...driven.told.filter((line) => !line.startsWith(`watch${index} `)));
    }
  }
  await turn();
  const readers = (told: readonly string[]): string[] => told.filter((line) => line.startsWith('reader'));
  const watches = (told: readonly string[]): string[] => told.filter((line) => line.startsWith('watch')).sort();
  return [
    [answers.map(([modelled]) => modelled), readers(model.told), watches(model.told)],
    [answers.map(([, real]) => real), readers(driven.told), watches(driven.told)],
  ];
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

const operations = fc.array(operation, { maxLength: 40 });

describe('the data space does what its model of a page does', () => {
  test('over random operations', async () => {
    await fc.assert(
      fc.asyncProperty(operations, async (list) => {
        const [modelled, real] = await difference(list, new MemorySpace());
        expect(real).toEqual(modelled);
      }),
      { numRuns: runs(1500) },
    );
  });

  test.each<[string, (space: MemorySpace) => void]>([
    [
      'a second value passes',
      (space) => {
        const { write } = space;
        space.write = (name, written) => {
          try {
            write.call(space, name, written);
          } catch (error) {
            if (!isHotloomError(error, 'ConflictingWrite')) throw error;
          }
        };
      },
    ],
    [
      'anybody may write what a stack declares',
      (space) => {
        const { declare } = space;
        space.declare = (inSpace, stack, outputs) => {
          const region = declare.call(space, inSpace, stack, outputs);
          const { write } = space;
          space.write = ([first, second, resource, attribute], written) =>
            second === stack
              ? void region.write(resource, attribute, written)
              : write.call(space, [first, second, resource, attribute], written);
          return region;
        };
      },
    ],
  ])('a space in which %s is found out', async (_, spoil) => {
    const found = await fc.check(
      fc.asyncProperty(operations, async (list) => {
        const space = new MemorySpace();
        spoil(space);
        const [modelled, real] = await difference(list, space);
        expect(real).toEqual(modelled);
      }),
      { numRuns: runs(1500), endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});
