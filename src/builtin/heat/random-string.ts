import type { Randomness } from '../../clock.ts';
import { definePlainType } from '../../resource/resource-type.ts';

const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';
const UPPERCASE = LOWERCASE.toUpperCase();
const DIGITS = '0123456789';

/** The characters of each class, from heat/common/password_gen.py. */
const CLASSES = {
  lettersdigits: LOWERCASE + UPPERCASE + DIGITS,
  letters: LOWERCASE + UPPERCASE,
  lowercase: LOWERCASE,
  uppercase: UPPERCASE,
  digits: DIGITS,
  hexdigits: `${DIGITS}ABCDEF`,
  octdigits: '01234567',
} as const;

const CLASS_NAMES = ['lettersdigits', 'letters', 'lowercase', 'uppercase', 'digits', 'hexdigits', 'octdigits'] as const;

const COUNT = { type: 'integer', default: 1, minimum: 1, maximum: 512 } as const;

/** `OS::Heat::RandomString`: a random text, made once. get_resource gives the text, as under Heat. */
export const heatRandomString = definePlainType({
  name: 'OS::Heat::RandomString',
  description: 'A random text, for passwords and secrets.',
  properties: {
    length: { description: 'Characters in the text.', type: 'integer', default: 32, minimum: 1, maximum: 512 },
    sequence: {
      description: "One class to take all characters from. Deprecated by Heat in favour of 'character_classes'.",
      type: 'string',
      enum: CLASS_NAMES,
    },
    character_classes: {
      description: 'Classes to take the characters from, each with the least number of characters from it.',
      type: 'array',
      items: {
        type: 'object',
        properties: { class: { type: 'string', enum: CLASS_NAMES, default: 'lettersdigits' }, min: COUNT },
        additionalProperties: false,
      },
      default: [{ class: 'lettersdigits', min: 1 }],
    },
    character_sequences: {
      description: 'Texts to take the characters from, each with the least number of characters from it.',
      type: 'array',
      items: {
        type: 'object',
        properties: { sequence: { type: 'string', minLength: 1 }, min: COUNT },
        required: ['sequence'],
        additionalProperties: false,
      },
    },
    salt: { description: 'Not used; a change of it makes a new text.', type: 'string' },
  },
  updatePolicy: {},
  attributes: {
    value: { schema: { type: 'string' }, description: 'The text.' },
    refid: { schema: { type: 'string' }, description: 'The text.' },
  },
  validate(properties) {
    const sets = characterSets(properties);
    if (sets.length === 0) {
      return [
        {
          path: ['character_classes'],
          what: 'No character to choose from',
          why: "The list 'character_classes' is empty, and there are no 'character_sequences'.",
          fix: "Give at least one class or sequence, or leave 'character_classes' out.",
        },
      ];
    }
    const least = sets.reduce((sum, set) => sum + set.min, 0);
    if (least <= properties.length) return [];
    return [
      {
        path: ['length'],
        what: 'Length property cannot be smaller than combined character class and character sequence minimums',
        why: `The minimums add up to ${least}, and the length is ${properties.length}.`,
        fix: `Give a length of at least ${least}, or lower the minimums.`,
      },
    ];
  },
  handler: {
    isRepeatable: true,
    async create({ properties, randomness, resource, setResourceId }) {
      await setResourceId(resource.physicalName);
      const value = randomText(properties.length, characterSets(properties), randomness);
      return { value, refid: value };
    },
    adopt({ data: { value } }) {
      return typeof value === 'string' ? { value, refid: value } : undefined;
    },
  },
});

interface CharacterSet {
  readonly characters: readonly string[];
  /** The least number of characters from it. */
  readonly min: number;
}

interface CharacterProperties {
  readonly sequence?: keyof typeof CLASSES;
  readonly character_classes: readonly { readonly class: keyof typeof CLASSES; readonly min: number }[];
  readonly character_sequences?: readonly { readonly sequence: string; readonly min: number }[];
}

function characterSets(properties: CharacterProperties): readonly CharacterSet[] {
  // Heat translates the old property to one more class.
  const old = properties.sequence === undefined ? [] : [{ class: properties.sequence, min: 1 }];
  return [
    ...(properties.character_sequences ?? []).map(({ sequence, min }) => ({ characters: charactersOf(sequence), min })),
    ...[...properties.character_classes, ...old].map((given) => ({
      characters: charactersOf(CLASSES[given.class]),
      min: given.min,
    })),
  ];
}

/** A character that is given twice is not drawn more often. */
function charactersOf(text: string): readonly string[] {
  return [...new Set(text)];
}

/** The least number from each set, the rest from all of them, in random order (heat/common/password_gen.py). */
function randomText(length: number, sets: readonly CharacterSet[], randomness: Randomness): string {
  const drawn = sets.flatMap(({ characters, min }) =>
    Array.from({ length: min }, () => characters[randomIndex(characters.length, randomness)] as string),
  );
  const all = [...new Set(sets.flatMap(({ characters }) => characters))];
  while (drawn.length < length) drawn.push(all[randomIndex(all.length, randomness)] as string);
  shuffle(drawn, randomness);
  return drawn.join('');
}

/** Fisher and Yates. */
function shuffle(items: string[], randomness: Randomness): void {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const chosen = randomIndex(last + 1, randomness);
    [items[last], items[chosen]] = [items[chosen] as string, items[last] as string];
  }
}

/** Uniform over 0 to `count` - 1: a number in the last, incomplete round of `count` is drawn again. */
function randomIndex(count: number, randomness: Randomness): number {
  const end = 2 ** 32 - (2 ** 32 % count);
  for (;;) {
    const bytes = randomness.bytes(4);
    const number = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
    if (number < end) return number % count;
  }
}
