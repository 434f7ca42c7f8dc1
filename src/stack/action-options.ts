import { UsageError } from '../errors.ts';

/** What every action on a stack is given. */
export interface ActionOptions {
  readonly stack: string;
  readonly space?: string;
  readonly timeoutMs?: number;
}

/** What a caller without TypeScript may have got wrong. Throws UsageError. */
export function checkActionOptions(options: ActionOptions): void {
  if (typeof (options as ActionOptions | undefined)?.stack !== 'string') {
    throw new UsageError({
      what: "The option 'stack' is missing.",
      why: 'An action is about a stack, which is known by its name.',
      fix: "Give it, as in {stack: 'my-app'}.",
    });
  }
  checkShapes(options);
}

/** The same where no stack has to be named. An option is given or undefined: null is a wrong one. */
export function checkShapes(options: object | undefined): void {
  const given = new Map(Object.entries(options ?? {}));
  for (const [name, { fits, is, why, fix, isNeeded }] of Object.entries(SHAPES)) {
    const value: unknown = given.get(name);
    if (value === undefined || fits(value)) continue;
    const what = is === undefined ? `cannot be ${String(value)}` : `is no ${is}`;
    throw new UsageError({
      what: `The option '${name}' ${what}.`,
      why,
      fix: isNeeded === true ? `${fix}.` : `${fix}, or leave the option out.`,
    });
  }
}

interface Shape {
  readonly fits: (value: unknown) => boolean;
  /** What a wrong value is not; absent when it is told itself. */
  readonly is?: string;
  readonly why: string;
  /** What to give. */
  readonly fix: string;
  /** It cannot be left out where there is one. */
  readonly isNeeded?: true;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isMapping = (value: unknown): value is object => isObject(value) && !Array.isArray(value);
const isListOf = (value: unknown, fits: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(fits);
const isMove = (value: unknown): boolean =>
  isObject(value) && 'from' in value && 'to' in value && isText(value.from) && isText(value.to);

function text(why: string, fix: string): Shape {
  return { fits: isText, is: 'text', why, fix };
}

function texts(why: string, example: string): Shape {
  return { fits: (value) => isListOf(value, isText), is: 'list of texts', why, fix: `Give a list, as in ${example}` };
}

/** What is true for `'false'` too would do what its caller did not mean. */
function flag(why: string): Shape {
  return { fits: (value) => typeof value === 'boolean', is: 'boolean', why, fix: 'Give true or false' };
}

/** By option, wherever there is one of that name; checkTags sees to tags. */
const SHAPES: { readonly [option: string]: Shape } = {
  space: text('A space is known by its name.', "Give its name; without it, it is 'default'"),
  timeoutMs: {
    fits: (value) => typeof value === 'number' && value > 0,
    why: 'It is a time in milliseconds, above 0.',
    fix: 'Give such a number; without it, it is an hour',
  },
  signal: {
    fits: (value) => isObject(value) && 'aborted' in value && 'addEventListener' in value,
    is: 'AbortSignal',
    why: 'It ends the call when it fires.',
    fix: "Give an AbortController's signal",
  },
  file: text('It is the name of the template in errors.', 'Give the name of the file'),
  files: {
    fits: (value) => isMapping(value) && Object.values(value).every(isText),
    is: 'mapping of texts',
    why: 'It has the texts that get_file and nested templates stand for, by the names that the template gives.',
    fix: "Give a mapping, as in {'app.conf': text}",
  },
  parameters: {
    fits: isMapping,
    is: 'mapping',
    why: 'It has the values of parameters by their names.',
    fix: 'Give a mapping, as in {count: 3}',
  },
  environments: {
    fits: (value) => isListOf(value, (item) => isText(item) || isMapping(item)),
    is: 'list of environments',
    why: 'Each is a text or a plain object, and later ones override earlier ones.',
    fix: 'Give a list, also of one',
  },
  environmentFiles: texts('They are the names of the environments in errors.', "['prod.yaml']"),
  clearParameters: texts('They are the names of parameters that go back to their defaults.', "['count']"),
  moves: {
    fits: (value) => isListOf(value, isMove),
    is: 'list of moves',
    why: 'A move tells which name a resource has had before, and which it gets.',
    fix: "Give a list, as in [{from: 'old', to: 'new'}]",
  },
  rollback: flag('It tells whether to go back when the action fails or is cancelled.'),
  existing: flag('It tells whether to keep what is not given.'),
  converge: flag('It tells whether to look at the real things first.'),
  supersede: flag("It tells whether to end another process's action."),
  force: flag('It tells whether to go on where that would be refused.'),
  unhealthy: flag('It tells whether the mark is set or taken back.'),
  reason: text('It is told with the resource.', 'Give a sentence'),
  resource: { ...text('A resource is known by its name.', 'Give its name'), isNeeded: true },
  name: text('It is what the snapshot is called.', 'Give a name'),
  snapshot: { ...text('A snapshot is known by its id or name.', 'Give one of these'), isNeeded: true },
  tagsAny: texts('Stacks are found that have one of these tags.', "['prod']"),
  notTags: texts('Stacks are found that have not all of these tags.', "['prod']"),
  notTagsAny: texts('Stacks are found that have none of these tags.', "['prod']"),
};
