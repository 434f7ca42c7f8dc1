import fc, { type Arbitrary } from 'fast-check';
import { dump } from 'js-yaml';
import { EDITS, type Edit, mutateDocument, mutateText, TEXT_EDITS, type TextEdit } from './mutations.ts';
import type { Seed, Seeds } from './seeds.ts';

/** What one case gives to the engine. */
export interface FuzzInput {
  readonly stack: string;
  readonly template: string | object;
  readonly environments: readonly (string | object)[];
  readonly parameters: { readonly [name: string]: never };
  readonly files: { readonly [name: string]: string };
}

/** A case as small data: which seed, and what is done to it. */
export interface FuzzCase {
  readonly seed: number;
  /** How the template is handed over. */
  readonly form: 'object' | 'json' | 'yaml' | 'text';
  readonly template: readonly Edit[];
  readonly environment: readonly Edit[];
  readonly parameters: readonly Edit[];
  readonly text: readonly TextEdit[];
  readonly environmentText: readonly TextEdit[];
}

const NUMBER = fc.nat(1_000_000);

const EDIT: Arbitrary<Edit> = fc.record({ kind: fc.constantFrom(...EDITS), at: NUMBER, with: NUMBER });

const TEXT_EDIT: Arbitrary<TextEdit> = fc.record({
  kind: fc.constantFrom(...TEXT_EDITS),
  at: NUMBER,
  with: NUMBER,
  length: fc.nat(60),
});

export function fuzzCases(seeds: Seeds): Arbitrary<FuzzCase> {
  const edits = (maxLength: number): Arbitrary<Edit[]> => fc.array(EDIT, { maxLength });
  const rarely = <T>(arbitrary: Arbitrary<T[]>): Arbitrary<T[]> =>
    fc.oneof({ weight: 4, arbitrary: fc.constant<T[]>([]) }, { weight: 1, arbitrary });
  return fc.record({
    seed: fc.oneof(
      { weight: 4, arbitrary: fc.nat(seeds.right - 1) },
      { weight: 1, arbitrary: fc.nat(seeds.all.length - 1) },
    ),
    form: fc.constantFrom('object', 'json', 'yaml', 'text'),
    template: fc.oneof(edits(2), edits(6)),
    environment: rarely(edits(4)),
    parameters: rarely(edits(3)),
    text: rarely(fc.array(TEXT_EDIT, { maxLength: 4 })),
    environmentText: rarely(fc.array(TEXT_EDIT, { maxLength: 3 })),
  });
}

/** Carries the case out. */
export function inputOf(seeds: Seeds, fuzzCase: FuzzCase): FuzzInput {
  const seed = seeds.all[fuzzCase.seed] as Seed;
  const { form, text } = fuzzCase;
  const template =
    form === 'text'
      ? mutateText(seed.text, text.length > 0 ? text : fuzzCase.template.map(textEditOf))
      : handOver(mutateDocument(seed.template, fuzzCase.template), form, text);
  const environments = Array.isArray(seed.environment) ? seed.environment : [seed.environment];
  return {
    stack: 'fuzz',
    template,
    environments: (environments as readonly unknown[]).map((environment) =>
      handOver(
        mutateDocument(environment, fuzzCase.environment),
        fuzzCase.environmentText.length > 0 ? 'yaml' : 'object',
        fuzzCase.environmentText,
      ),
    ),
    parameters: asObject(mutateDocument(seed.parameters, fuzzCase.parameters)),
    files: seed.files,
  };
}

/** A seed is a template of text already; an edit of its nodes becomes one of its characters. */
function textEditOf({ at, with: other }: Edit): TextEdit {
  return { kind: TEXT_EDITS[other % TEXT_EDITS.length] as TextEdit['kind'], at, with: other, length: other % 40 };
}

function handOver(document: unknown, form: 'object' | 'json' | 'yaml', text: readonly TextEdit[]): string | object {
  const written = form === 'object' ? undefined : write(document, form);
  if (written !== undefined) return mutateText(written, text);
  return typeof document === 'string' ? document : (asObject(document) as object);
}

/** As text; undefined for what no text can hold. */
function write(document: unknown, form: 'json' | 'yaml'): string | undefined {
  try {
    return form === 'json' ? JSON.stringify(document, refuseMany(), 1) : dump(document);
  } catch {
    return undefined;
  }
}

/** A replacer that ends the writing of a document whose shared parts would fill the memory. */
function refuseMany(): (key: string, value: unknown) => unknown {
  let nodes = 0;
  return (_key, value) => {
    nodes += 1;
    if (nodes > 100_000) throw new RangeError('too many nodes');
    return value;
  };
}

/** What the types of the library ask of a program. */
function asObject(value: unknown): { readonly [name: string]: never } {
  return (typeof value === 'object' && value !== null ? value : {}) as { readonly [name: string]: never };
}
