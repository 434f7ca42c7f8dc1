import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type HotloomError, isHotloomError, ResourceFailure } from '../../src/errors.ts';
import type { Name } from '../../src/names.ts';
import type { DataSpace, Entry, Region } from '../../src/space/data-space.ts';
import { MemorySpace } from '../../src/space/memory-space.ts';
import type { Json, JsonObject } from '../../src/values.ts';
import { runs } from '../random.ts';
import { numbered } from '../space/numbered.ts';
import { type Held, SpaceModel } from './space-model.ts';

/** One stack twice, in spaces of its own. */
const STACKS = ['default.s', 'default.t', 'other.s'];
const RESOURCES = ['a', 'b'];
const ATTRIBUTES = ['x', 'y'];
/** A stack declares all of its names but those of `b.y`, which are left to others. */
const namesOf = (stack: string): string[] =>
  RESOURCES.flatMap((resource) => ATTRIBUTES.map((attribute) => `${stack}.${resource}.${attribute}`));
const declaredOf = (stack: string): string[] => namesOf(stack).filter((name) => !name.endsWith('b.y'));
const NAMES = STACKS.flatMap(namesOf);
const PREFIXES = ['default', 'other', ...STACKS, 'default.s.a', 'default.s.a.x'];

type Operation =
  | { readonly do: 'subscribe' | 'read' | 'look'; readonly name: string }
  | { readonly do: 'giveUp'; readonly reader: number }
  | { readonly do: 'writeOutside' | 'writeOwn'; readonly name: string; readonly value: Json }
  | { readonly do: 'writeAll'; readonly stack: string; readonly resource: string; readonly values: JsonObject }
  | { readonly do: 'declare' | 'close'; readonly stack: string }
  | { readonly do: 'fail'; readonly stack: string; readonly resource: string }
  | { readonly do: 'watch'; readonly prefix: string }
  | { readonly do: 'closeSpace' };

const name = fc.constantFrom(...NAMES);
const stack = fc.constantFrom(...STACKS);
const resource = fc.constantFrom(...RESOURCES);
const value: fc.Arbitrary<Json> = fc.constantFrom<Json>(null, 0, false, '', 1, [1], { k: 1 });
const values = fc.record({ x: value, y: value }, { requiredKeys: ['x'] });
const of = <D extends Operation['do']>(...kinds: D[]): fc.Arbitrary<D> => fc.constantFrom(...kinds);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: of('subscribe', 'read'), name }) },
  { weight: 2, arbitrary: fc.record({ do: of('look'), name }) },
  { weight: 2, arbitrary: fc.record({ do: of('giveUp'), reader: fc.nat({ max: 20 }) }) },
  { weight: 12, arbitrary: fc.record({ do: of('writeOutside', 'writeOwn'), name, value }) },
  { weight: 4, arbitrary: fc.record({ do: of('writeAll'), stack, resource, values }) },
  { weight: 6, arbitrary: fc.record({ do: of('declare'), stack }) },
  { weight: 2, arbitrary: fc.record({ do: of('close'), stack }) },
  { weight: 2, arbitrary: fc.record({ do: of('fail'), stack, resource }) },
  { weight: 2, arbitrary: fc.record({ do: of('watch'), prefix: fc.constantFrom(...PREFIXES) }) },
  { weight: 1, arbitrary: fc.record({ do: of('closeSpace') }) },
);

/** Who was told what. */
class Told {
  /** In its order. */
  readonly subscribers: string[] = [];
  /** Promises hear of it a turn later, and those whom the end of the space releases in any order. */
  readonly others: string[] = [];
  readonly watches = new Map<number, string[]>();

  /** `by`: the operation that asked for it. */
  wake(by: number, isPromise: boolean, answer: string): void {
    (isPromise || answer === ABORTED ? this.others : this.subscribers).push(`${by} gets ${answer}`);
  }

  watch(by: number): string[] {
    const seen: string[] = [];
    this.watches.set(by, seen);
    return seen;
  }
}

/** The model, with who waits: those of a name are told in the order of their coming. */
class Modelled {
  readonly told = new Told();
  readonly #space = new SpaceModel();
  #waiting: { readonly by: number; readonly name: string; readonly isPromise: boolean }[] = [];
  #watching: { readonly prefix: string; readonly seen: string[] }[] = [];
  /** What holds something, as far as it is told. */
  #settled = new Set<string>();
  #isClosed = false;

  get blocked(): number {
    return this.#waiting.length;
  }

  read(by: number, name: string, isPromise: boolean): void {
    const held = this.#space.held.get(name);
    if (held !== undefined || this.#isClosed) this.told.wake(by, isPromise, held === undefined ? ABORTED : print(held));
    else this.#waiting.push({ by, name, isPromise });
  }

  giveUp(by: number): void {
    if (this.#waiting.some((one) => one.by === by && one.isPromise)) this.told.wake(by, true, ABORTED);
    this.#waiting = this.#waiting.filter((one) => one.by !== by);
  }

  look(name: string): string {
    const isDeclared = [...this.#space.declared.values()].some((names) => names.includes(name));
    return `${print(this.#space.held.get(name))} ${isDeclared}`;
  }

  writeOutside(name: string, written: Json): string {
    return this.#tell(this.#space.writeOutside(name, written));
  }

  writeOwn(stack: string, name: string, written: Json): string {
    return this.#tell(this.#space.writeOwn(stack, name, written));
  }

  /** One after the other, but nothing when one of them is not declared. */
  writeAll(stack: string, resource: string, written: JsonObject): string {
    const all = Object.entries(written).map(
      ([attribute, each]) => [`${stack}.${resource}.${attribute}`, each] as const,
    );
    const stray = all.filter(([name]) => !declaredOf(stack).includes(name));
    for (const [name, each] of stray.length > 0 ? stray : all) {
      const code = this.writeOwn(stack, name, each as Json);
      if (code !== 'done') return code;
    }
    return 'done';
  }

  declare(stack: string): string {
    return this.#space.declare(stack, declaredOf(stack));
  }

  fail(stack: string, resource: string): void {
    this.#space.fail(stack, `${stack}.${resource}`);
    this.#tell('done');
  }

  close(stack: string): void {
    this.#space.close(stack);
    this.#settled = new Set(this.#space.held.keys());
  }

  watch(by: number, prefix: string): void {
    const seen = this.told.watch(by);
    for (const [name, held] of this.#space.held) if (isUnder(name, prefix)) seen.push(`${name} ${print(held)}`);
    if (this.#isClosed) seen.push('over');
    else this.#watching.push({ prefix, seen });
  }

  closeSpace(): void {
    for (const { by, isPromise } of this.#waiting) this.told.wake(by, isPromise, ABORTED);
    for (const { seen } of this.#watching) seen.push('over');
    this.#waiting = [];
    this.#watching = [];
    this.#isClosed = true;
  }

  #tell(code: string): string {
    for (const [name, held] of this.#space.held) {
      if (this.#settled.has(name)) continue;
      this.#settled.add(name);
      for (const { prefix, seen } of this.#watching) if (isUnder(name, prefix)) seen.push(`${name} ${print(held)}`);
      const woken = this.#waiting.filter((one) => one.name === name);
      this.#waiting = this.#waiting.filter((one) => one.name !== name);
      for (const { by, isPromise } of woken) this.told.wake(by, isPromise, print(held));
    }
    return code;
  }
}

/** The real space, driven and observed as the model is. */
class Driven {
  readonly told = new Told();
  readonly #space: DataSpace;
  readonly #regions = new Map<string, Region>();
  readonly #cancels = new Map<number, () => void>();

  constructor(space: DataSpace) {
    this.#space = space;
  }

  get blocked(): number {
    return this.#space.blockedReads;
  }

  read(by: number, name: string, isPromise: boolean): void {
    if (isPromise) {
      const controller = new AbortController();
      this.#cancels.set(by, () => controller.abort());
      void this.#space.read(nameOf(name), { signal: controller.signal }).then(
        (read) => this.told.wake(by, isPromise, print({ value: read })),
        (error: Error) =>
          this.told.wake(
            by,
            isPromise,
            shown({ failure: (isHotloomError(error, 'WriterFailed') ? error.cause : error) as HotloomError }),
          ),
      );
    } else {
      const wake = (entry: Entry): void => this.told.wake(by, isPromise, shown(entry));
      this.#cancels.set(by, this.#space.subscribe(nameOf(name), wake));
    }
  }

  giveUp(by: number): void {
    this.#cancels.get(by)?.();
  }

  look(name: string): string {
    return `${shown(this.#space.tryRead(nameOf(name)))} ${this.#space.isDeclared(nameOf(name))}`;
  }

  writeOutside(name: string, written: Json): string {
    return codeOf(() => void this.#space.write(nameOf(name), written));
  }

  writeOwn(stack: string, name: string, written: Json): string {
    const [, , resource, attribute] = nameOf(name);
    return this.#writeBy(stack, (region) => void region.write(resource, attribute, written));
  }

  writeAll(stack: string, resource: string, written: JsonObject): string {
    return this.#writeBy(stack, (region) => region.writeAll?.(resource, written, RESOURCES.indexOf(resource)));
  }

  /** Whoever has no region yet cannot write at all. */
  #writeBy(stack: string, write: (region: Region) => void): string {
    const region = this.#regions.get(stack);
    return region === undefined ? 'NotTheWriter' : codeOf(() => write(region));
  }

  declare(stack: string): string {
    const outputs = new Map<string, string[]>();
    for (const [, , resource, attribute] of declaredOf(stack).map(nameOf)) {
      outputs.set(resource, [...(outputs.get(resource) ?? []), attribute]);
    }
    const [space, own] = stack.split('.') as [string, string];
    return codeOf(() => void this.#regions.set(stack, this.#space.declare(space, own, numbered(outputs))));
  }

  fail(stack: string, resource: string): void {
    void this.#regions.get(stack)?.fail(resource, new ResourceFailure({ what: `${stack}.${resource}` }));
  }

  /** Its region stays with whoever had it, and can do nothing more. */
  close(stack: string): void {
    void this.#regions.get(stack)?.close();
  }

  /** A watch begins with its first `next`. */
  watch(by: number, prefix: string): void {
    void this.#follow(this.told.watch(by), this.#space.watch(prefix.split('.')));
  }

  async #follow(seen: string[], changes: ReturnType<DataSpace['watch']>): Promise<void> {
    for await (const { name, entry } of changes) seen.push(`${name.join('.')} ${shown(entry)}`);
    seen.push('over');
  }

  closeSpace(): void {
    void this.#space.close();
  }
}

function nameOf(name: string): Name {
  return name.split('.') as unknown as Name;
}

function isUnder(name: string, prefix: string): boolean {
  return name === prefix || name.startsWith(`${prefix}.`);
}

const ABORTED = 'ReadAborted';

function shown(entry: Entry | undefined): string {
  if (entry === undefined || !('failure' in entry)) return print(entry);
  const { failure } = entry;
  return failure.code === ABORTED ? ABORTED : print({ failure: failure.what });
}

function print(held: Held | undefined): string {
  if (held === undefined) return 'nothing';
  return 'value' in held ? JSON.stringify(held.value) : `the failure of ${held.failure}`;
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

/** Plays the operations on both: what each has answered, and who was told what. At the end the space is closed. */
async function difference(operations: readonly Operation[], space: DataSpace): Promise<readonly [unknown, unknown]> {
  const [model, real] = [new Modelled(), new Driven(space)];
  const answers: [unknown, unknown][] = [];
  for (const [by, step] of [...operations, { do: 'closeSpace' } as const].entries()) {
    answers.push([act(model, by, step), act(real, by, step)], [model.blocked, real.blocked]);
    if (step.do !== 'watch') continue;
    // What is there already comes in the order of the space, which is nobody's promise.
    await turn();
    for (const { told } of [model, real]) told.watches.get(by)?.sort();
  }
  await turn();
  return [
    [answers.map(([modelled]) => modelled), printed(model.told)],
    [answers.map(([, answered]) => answered), printed(real.told)],
  ];
}

function printed({ subscribers, others, watches }: Told): unknown {
  return { subscribers, others: [...others].sort(), watches: [...watches] };
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function act(on: Modelled | Driven, by: number, step: Operation): unknown {
  switch (step.do) {
    case 'subscribe':
      return on.read(by, step.name, false);
    case 'read':
      return on.read(by, step.name, true);
    case 'giveUp':
      return on.giveUp(step.reader);
    case 'look':
      return on.look(step.name);
    case 'writeOutside':
      return on.writeOutside(step.name, step.value);
    case 'writeOwn':
      return on.writeOwn(step.name.slice(0, -'.a.x'.length), step.name, step.value);
    case 'writeAll':
      return on.writeAll(step.stack, step.resource, step.values);
    case 'declare':
      return on.declare(step.stack);
    case 'close':
      return on.close(step.stack);
    case 'fail':
      return on.fail(step.stack, step.resource);
    case 'watch':
      return on.watch(by, step.prefix);
    case 'closeSpace':
      return on.closeSpace();
    default:
      return step satisfies never;
  }
}

const operations = fc.array(operation, { maxLength: 60 });

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
    [
      'a read does not heed its signal',
      (space) => {
        const { read } = space;
        space.read = (name) => read.call(space, name);
      },
    ],
    [
      'what a stack held outlives it',
      (space) => {
        const { declare } = space;
        space.declare = (...given) => Object.assign(declare.apply(space, given), { close: () => {} });
      },
    ],
    [
      'a watch does not see what is there already',
      (space) => {
        const { watch, tryRead } = space;
        space.watch = async function* (...given) {
          const there = new Set(NAMES.filter((name) => tryRead.call(space, nameOf(name)) !== undefined));
          for await (const change of watch.apply(space, given)) {
            if (!there.delete(change.name.join('.'))) yield change;
          }
        };
      },
    ],
    [
      'nobody is released at its end',
      (space) => {
        space.close = () => {};
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
