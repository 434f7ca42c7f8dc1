import { Random } from './random.ts';
import {
  attributesOf,
  groupOf,
  LONG_MS,
  membersOf,
  NEST,
  needs,
  type Read,
  type ResourceSketch,
  type Scenario,
  type StackSketch,
  type Step,
  type TypeName,
  targetOf,
} from './scenario.ts';
import { isInGroup } from './tame.ts';

/**
 * What seeds stand for: a seed that has found something stands for the same in its edition, whatever later ones make of it.
 * From 2 on there are nested templates, and lives of several stacks, with groups and reads by name. From 3 on the outputs of
 * the templates of a life come, go and read of others. From 4 on some types have no `lookup`; all else is as in 3.
 */
export type Edition = 1 | 2 | 3 | 4;
export const LATEST: Edition = 4;

/** The scenario of a seed. */
export function generate(seed: number, edition: Edition = LATEST): Scenario {
  const scenario = new Generator(seed, edition).scenario();
  return edition < 4 ? scenario : withTypesById(scenario);
}

/** How often something is in a scenario at all, from 0 to 1; inside of one that has it, it is frequent. */
const SEVERAL_STACKS = 0.4;
const VIOLATIONS = 0.25;
const FAILURES = 0.25;
const PORT_CYCLES = 0.15;
const READS_BY_NAME = 0.25;
const OUTSIDE = 0.2;
const SPLIT = 0.15;
const GROUPS = 0.15;
const NESTS = 0.15;
const STOPS = 0.2;
const KILL = 0.15;
const KNOWN_BY_ID = 0.5;

/** A resource before its handler is made up: all that others can refer to. */
type Outline = Pick<ResourceSketch, 'name' | 'type' | 'isEnabled' | 'outputs'>;

class Generator {
  readonly #seed: number;
  readonly #edition: Edition;
  readonly #random: Random;
  readonly #outlines = new Map<string, readonly Outline[]>();
  readonly #outside: string[] = [];
  readonly #has: {
    readonly violations: boolean;
    readonly failures: boolean;
    readonly portCycles: boolean;
    readonly readsByName: boolean;
    readonly outside: boolean;
    readonly split: boolean;
    readonly stops: boolean;
    readonly kill: boolean;
    readonly stacks: number;
  };

  constructor(seed: number, edition: Edition) {
    this.#seed = seed;
    this.#edition = edition;
    const random = new Random(seed);
    this.#random = random;
    this.#has = {
      violations: random.chance(VIOLATIONS),
      failures: random.chance(FAILURES),
      portCycles: random.chance(PORT_CYCLES),
      readsByName: random.chance(READS_BY_NAME),
      outside: random.chance(OUTSIDE),
      split: random.chance(SPLIT),
      stops: random.chance(STOPS),
      kill: random.chance(KILL),
      stacks: random.chance(SEVERAL_STACKS) ? random.between(2, 3) : 1,
    };
  }

  scenario(): Scenario {
    const random = this.#random;
    const names = ['one', 'two', 'three'].slice(0, this.#has.stacks);
    for (const name of names) this.#outlines.set(name, this.#outline());
    if (this.#has.outside) this.#outside.push('ops.desk.go', 'ops.desk.key');
    const whole = names.map((name) => this.#stack(name));
    const isWhole = whole.every(({ resources }) =>
      resources.every(({ name, isEnabled }) => isEnabled && groupOf(name) === undefined),
    );
    const stacks = this.#has.split && isWhole && whole.length === 1 ? whole.flatMap(split) : whole;
    const outside = this.#outside.map((name) => ({ name, atMs: random.between(0, 60) }));
    const kill = this.#has.kill ? { position: random.below(30), isStored: random.chance(0.5) } : undefined;
    return { seed: this.#seed, stacks, outside, kill };
  }

  #outline(): readonly Outline[] {
    const random = this.#random;
    const outlines = Array.from({ length: random.between(1, 6) }, (_, index) => {
      const type = random.pick<TypeName>(['Sim::Plain', 'Sim::Staged', 'Sim::Open', 'Sim::Staged']);
      const outputs: Record<string, readonly string[] | null> = {};
      if (type === 'Sim::Open') {
        for (const attribute of ['m', 'n'].slice(0, random.between(1, 2))) {
          outputs[attribute] = random.chance(0.3) ? null : random.some(['a', 'p', 'q'], 0.4);
        }
      }
      return { name: `r${index}`, type, isEnabled: random.chance(0.93), outputs };
    });
    return [...outlines, ...this.#groupOutline(), ...this.#nestOutline()];
  }

  #groupOutline(): readonly Outline[] {
    const random = this.#random;
    if (!random.chance(GROUPS)) return [];
    const type = random.pick<TypeName>(['Sim::Plain', 'Sim::Staged']);
    return Array.from({ length: random.between(1, 3) }, (_, index) => ({
      name: `g/${index}`,
      type,
      isEnabled: true,
      outputs: {},
    }));
  }

  #nestOutline(): readonly Outline[] {
    const random = this.#random;
    if (this.#edition < 2 || !random.chance(NESTS)) return [];
    return ['a', 'b', 'c'].slice(0, random.between(1, 3)).map((name) => ({
      name: `${NEST}/${name}`,
      type: random.pick<TypeName>(['Sim::Plain', 'Sim::Staged']),
      isEnabled: random.chance(0.9),
      outputs: {},
    }));
  }

  #stack(name: string): StackSketch {
    const random = this.#random;
    const outlines = this.#outlines.get(name) as readonly Outline[];
    const resources: ResourceSketch[] = [];
    for (const [index, outline] of outlines.entries()) {
      const group = groupOf(outline.name);
      const first = group === NEST || group === undefined ? undefined : membersOf({ resources }, group)[0];
      resources.push(this.#resource(name, outline, index, first?.inputs));
    }
    const outputs: Record<string, Read> = {};
    for (let index = 0; index < random.below(3); index += 1) outputs[`o${index}`] = this.#anyRead(name, outlines);
    const stops = this.#has.stops;
    return {
      name,
      startMs: random.chance(0.5) ? 0 : random.below(40),
      resources,
      outputs,
      rollback: stops && random.chance(0.4),
      cancelMs: stops && random.chance(0.5) ? random.below(120) : undefined,
      timeoutMs: stops && random.chance(0.5) ? random.between(20, 400) : LONG_MS,
    };
  }

  /** `shared`: the inputs of the first member of its group. */
  #resource(
    stack: string,
    outline: Outline,
    index: number,
    shared: ResourceSketch['inputs'] | undefined,
  ): ResourceSketch {
    const random = this.#random;
    const inputs = shared ?? this.#inputs(stack, outline, index);
    const before = (this.#outlines.get(stack) as readonly Outline[]).slice(0, index).map(({ name }) => name);
    // A group's members share what they depend on; who depends on members says so of the group.
    const siblings = before.filter((name) => groupOf(name) === groupOf(outline.name) && !name.startsWith('g/'));
    const dependsOn = siblings.length > 0 && random.chance(0.15) ? [random.pick(siblings)] : [];
    const sketch = {
      ...outline,
      dependsOn,
      inputs,
      branches: [],
      removalMs: random.chance(0.5) ? 0 : random.below(10),
    };
    return { ...sketch, branches: this.#branches(stack, sketch) };
  }

  #inputs(stack: string, outline: Outline, index: number): ResourceSketch['inputs'] {
    const random = this.#random;
    const inputs: Record<string, readonly Read[]> = {};
    const names = outline.type === 'Sim::Open' ? ['a', 'p', 'q'] : ['a', 'b'];
    // What an attribute of a section `outputs` needs has to be given.
    for (const name of outline.type === 'Sim::Open' ? names : random.some(names, 0.7)) {
      inputs[name] = Array.from({ length: random.pick([0, 1, 1, 1, 2]) }, () => this.#inputRead(stack, outline, index));
    }
    return inputs;
  }

  /** Mostly such that no port waits for itself: of earlier resources anything, of others what needs nothing. */
  #inputRead(stack: string, { name, type }: Outline, index: number): Read {
    const random = this.#random;
    if (this.#outside.length > 0 && random.chance(0.15)) return random.pick(this.#outside);
    if (this.#outlines.size > 1 && random.chance(0.25)) return this.#foreignRead(stack);
    const outlines = this.#outlines.get(stack) as readonly Outline[];
    // The members of a group have one definition, which cannot refer to the group.
    const all = name.startsWith('g/') ? outlines.filter((other) => !other.name.startsWith('g/')) : outlines;
    if (this.#has.portCycles && random.chance(0.3)) return this.#anyRead(stack, all);
    const others = all.filter((other) => other.type !== 'Sim::Plain' && type !== 'Sim::Plain');
    if (others.length > 0 && random.chance(0.4)) {
      const other = random.pick(others);
      const free = Object.entries(attributesOf(other as ResourceSketch)).filter(([, needed]) => needed?.length === 0);
      if (free.length > 0) return `${other.name}.${random.pick(free)[0]}`;
    }
    return this.#anyRead(
      stack,
      outlines.slice(0, index).filter((other) => all.includes(other)),
    );
  }

  /** Of one of the resources; with none of them a read of what is there from the beginning. */
  #anyRead(stack: string, of: readonly Outline[]): Read {
    const random = this.#random;
    const outlines = this.#outlines.get(stack) as readonly Outline[];
    if (of.length === 0) {
      const early = outlines.findIndex(({ type }) => type === 'Sim::Staged');
      return early < 0 ? this.#foreignRead(stack) : `${outlines[early]?.name}.early`;
    }
    const outline = random.pick(of);
    return `${outline.name}.${random.pick(Object.keys(attributesOf(outline as ResourceSketch)))}`;
  }

  #foreignRead(stack: string): Read {
    const others = [...this.#outlines.keys()].filter((other) => other !== stack);
    if (others.length === 0) return this.#nobody();
    const other = this.#random.pick(others);
    const enabled = (this.#outlines.get(other) as readonly Outline[]).filter(({ isEnabled }) => isEnabled);
    if (enabled.length === 0) return this.#nobody();
    const outline = this.#random.pick(enabled);
    return `${other}.${outline.name}.${this.#random.pick(Object.keys(attributesOf(outline as ResourceSketch)))}`;
  }

  /** A name of nobody, which somebody outside writes. */
  #nobody(): Read {
    if (!this.#outside.includes('ops.desk.go')) this.#outside.push('ops.desk.go');
    return 'ops.desk.go';
  }

  // --- handlers ---

  #branches(stack: string, sketch: ResourceSketch): readonly (readonly Step[])[] {
    const random = this.#random;
    const branches = sketch.type === 'Sim::Plain' ? [this.#plainSteps(sketch)] : this.#streamingBranches(sketch);
    if (random.chance(0.8)) this.#making(branches, sketch);
    if (this.#has.readsByName && random.chance(0.4)) this.#readingByName(stack, sketch, branches);
    if (this.#has.violations && random.chance(0.4)) this.#violation(sketch, branches);
    if (this.#has.failures && random.chance(0.25)) insert(random, random.pick(branches), { do: 'fail' });
    if (this.#has.stops && random.chance(0.15)) insert(random, random.pick(branches), { do: 'hang' });
    return branches;
  }

  #plainSteps(sketch: ResourceSketch): Step[] {
    return [this.#work(), ...Object.keys(attributesOf(sketch)).map((attribute): Step => ({ do: 'write', attribute }))];
  }

  /** One branch for each attribute, or one for all when what they need grows. */
  #streamingBranches(sketch: ResourceSketch): Step[][] {
    const random = this.#random;
    const given = Object.keys(sketch.inputs);
    const attributes = Object.keys(attributesOf(sketch)).map((attribute) => ({
      attribute,
      needed: given.filter((input) => needs(sketch, attribute, input)),
    }));
    attributes.sort((left, right) => left.needed.length - right.needed.length);
    const grows = attributes.every(
      ({ needed }, index) => index === 0 || attributes[index - 1]?.needed.every((input) => needed.includes(input)),
    );
    if (!grows || random.chance(0.4)) {
      return attributes.map(({ attribute, needed }) => [
        ...this.#awaiting(needed),
        ...(random.chance(0.5) ? [this.#work()] : []),
        { do: 'write', attribute },
      ]);
    }
    const steps: Step[] = [];
    const known = new Set<string>();
    for (const { attribute, needed } of attributes) {
      steps.push(...this.#awaiting(needed.filter((input) => !known.has(input))));
      for (const input of needed) known.add(input);
      if (random.chance(0.5)) steps.push(this.#work());
      steps.push({ do: 'write', attribute });
    }
    if (random.chance(0.3)) steps.push(this.#work());
    return [steps];
  }

  #awaiting(inputs: readonly string[]): Step[] {
    if (inputs.length === 0) return [];
    if (this.#random.chance(0.5)) return [{ do: 'await', inputs }];
    return inputs.map((input) => ({ do: 'await', inputs: [input] }));
  }

  #work(): Step {
    const random = this.#random;
    return { do: 'work', ms: random.chance(0.3) ? 0 : random.between(1, 20), heedsSignal: random.chance(0.7) };
  }

  #making(branches: readonly Step[][], sketch: ResourceSketch): void {
    const branch = this.#random.pick(branches);
    // A plain handler writes at its end; a streaming one may make anywhere.
    const at = sketch.type === 'Sim::Plain' ? this.#random.below(2) : this.#random.below(branch.length + 1);
    branch.splice(at, 0, { do: 'make' }, ...(this.#random.chance(0.7) ? [{ do: 'tell' as const }] : []));
  }

  /** Where the declaration allows it: before an attribute that needs everything. */
  #readingByName(stack: string, sketch: ResourceSketch, branches: readonly Step[][]): void {
    const random = this.#random;
    const branch = branches.find((steps) =>
      steps.every((step) => step.do !== 'write' || needs(sketch, step.attribute, undefined)),
    );
    if (branch === undefined) return;
    const outlines = (this.#outlines.get(stack) as readonly Outline[]).filter(({ isEnabled }) => isEnabled);
    const isOwn = outlines.length > 0 && random.chance(0.5);
    const name = isOwn ? `${stack}.${this.#ownAttribute(random.pick(outlines))}` : this.#foreignRead(stack);
    branch.unshift({ do: 'read', name });
  }

  #ownAttribute(outline: Outline): string {
    return `${outline.name}.${this.#random.pick(Object.keys(attributesOf(outline as ResourceSketch)))}`;
  }

  #violation(sketch: ResourceSketch, branches: Step[][]): void {
    const random = this.#random;
    const branch = random.pick(branches);
    const writes = branch.flatMap((step, at) => (step.do === 'write' ? [{ at, attribute: step.attribute }] : []));
    const write = writes.length === 0 ? undefined : random.pick(writes);
    const kind = random.pick(['sits', 'sits', 'sits', 'owes', 'rewrite', 'stray'] as const);
    if (kind === 'stray') insert(random, branch, { do: 'stray' });
    else if (write === undefined) return;
    else if (kind === 'owes') branch.splice(write.at, 1);
    else if (kind === 'rewrite' && sketch.type !== 'Sim::Plain')
      branch.splice(write.at + 1, 0, { do: 'rewrite', attribute: write.attribute });
    else if (kind === 'sits' && sketch.type !== 'Sim::Plain') {
      const unneeded = Object.keys(sketch.inputs).filter((input) => !needs(sketch, write.attribute, input));
      if (unneeded.length > 0) branch.splice(write.at, 0, { do: 'await', inputs: [random.pick(unneeded)] });
    }
  }
}

/** Some of its resources are of types without a `lookup`. What is drawn for that changes nothing else. */
function withTypesById(scenario: Scenario): Scenario {
  const random = new Random(scenario.seed ^ 0x1d5b0a3f);
  if (!random.chance(KNOWN_BY_ID)) return scenario;
  const stacks = scenario.stacks.map((stack) => {
    // The members of a group have one type.
    const picked = random.some([...new Set(stack.resources.map(definedAs))], 0.5);
    return {
      ...stack,
      resources: stack.resources.map((resource) =>
        picked.includes(definedAs(resource)) ? { ...resource, isKnownById: true } : resource,
      ),
    };
  });
  return { ...scenario, stacks };
}

function definedAs({ name }: ResourceSketch): string {
  return isInGroup(name) ? (groupOf(name) as string) : name;
}

/**
 * The stack with a stack for each of its resources, which read each other by get_data: no static check sees through them,
 * so what would be refused is created here, and shows whether it was refused rightly.
 */
function split({ name, resources, outputs: _, ...rest }: StackSketch): readonly StackSketch[] {
  const renamed = (read: Read): Read => {
    const { stack, resource, attribute } = targetOf(name, read);
    return stack === name ? `${name}-${resource}.${resource}.${attribute}` : read;
  };
  return resources.map((resource) => ({
    ...rest,
    name: `${name}-${resource.name}`,
    outputs: {},
    resources: [
      {
        ...resource,
        dependsOn: [],
        inputs: Object.fromEntries(
          Object.entries(resource.inputs).map(([input, reads]) => [input, reads.map(renamed)]),
        ),
        branches: resource.branches.map((steps) =>
          steps.map((step) => (step.do === 'read' ? { ...step, name: renamed(step.name) } : step)),
        ),
      },
    ],
  }));
}

function insert(random: Random, steps: Step[], step: Step): void {
  steps.splice(random.below(steps.length + 1), 0, step);
}
