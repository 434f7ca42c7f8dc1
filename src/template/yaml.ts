import {
  defineMappingTag,
  defineScalarTag,
  EVENT_ID,
  type Event,
  FAILSAFE_SCHEMA,
  getScalarValue,
  load,
  mapTag,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from 'js-yaml';
import { RequestLimitExceeded, TemplateFormatError } from '../errors.ts';
import type { Path, Source, SourceLocation } from '../source.ts';
import { type Json, type JsonObject, MAX_EXPANDED_NODES, MAX_VALUE_DEPTH, weightOf } from '../values.ts';

/** Heat's max_template_size, in bytes. */
export const DEFAULT_MAX_TEMPLATE_SIZE = 524_288;

/** Options of loadDocument. */
export type DuplicateKeys = 'refuse' | 'last';

export interface DocumentOptions {
  /** The file's name, for errors. Default: `<template>`. */
  readonly file?: string;
  /** The most bytes that the text may have. Default: DEFAULT_MAX_TEMPLATE_SIZE. */
  readonly maxSize?: number;
  /** A key twice in one mapping: an error (default), or the last counts, as under Heat. */
  readonly duplicateKeys?: DuplicateKeys;
  /** What errors call the document. Default: `template`. */
  readonly kind?: 'template' | 'environment';
}

/** A document as plain data, with the place of every node in it. */
export interface LoadedDocument {
  readonly data: JsonObject;
  readonly source: Source;
}

/**
 * Reads YAML or JSON text by the rules of PyYAML as Heat uses it: YAML 1.1 booleans (`yes`, `off`; not `y`), octal `017`,
 * sexagesimal `1:30`, `<<`, and dates that stay texts. JSON is read as JSON, so that `1e3` is a number in it.
 *
 * Throws TemplateFormatError with line, column and excerpt for text that is neither, for a duplicate key, for an alias
 * that leads to itself, for a document that is no mapping, nested deeper than MAX_VALUE_DEPTH or, by aliases, larger
 * than MAX_EXPANDED_NODES; and RequestLimitExceeded for a text that is too long. Linear in the text.
 */
export function loadDocument(text: string, options: DocumentOptions = {}): LoadedDocument {
  const { kind = 'template', file = `<${kind}>`, maxSize = DEFAULT_MAX_TEMPLATE_SIZE, duplicateKeys } = options;
  checkSize(text, maxSize, kind, file);
  const written = new TextSource(file, text);
  const json = loadJson(text, written);
  const { data, source } =
    json === undefined ? loadYaml(text, kind, file, duplicateKeys === 'last') : { data: json, source: written };
  if (data === undefined || data === null) {
    throw new TemplateFormatError({
      what: `The ${kind} is empty.`,
      where: source.locate([]),
      why: 'It has no text but blanks and comments.',
      fix:
        kind === 'template'
          ? "Write at least 'heat_template_version: 2021-04-16'."
          : "Write a section such as 'parameters', or leave the environment out.",
    });
  }
  if (typeof data !== 'object' || Array.isArray(data)) {
    throw new TemplateFormatError({
      what:
        kind === 'template'
          ? 'The template is not a JSON object or YAML mapping.'
          : 'The environment is not a valid YAML mapping data type.',
      where: source.locate([]),
      why: `Its top level is ${Array.isArray(data) ? 'a list' : `the text or number '${excerptOf(String(data))}'`}.`,
      fix: `Write sections, each with its name and a colon, such as '${kind === 'template' ? 'resources' : 'parameters'}:'.`,
    });
  }
  // Only an alias makes a document larger or deeper than its text.
  if (text.includes('*') || text.trimStart().startsWith('{')) checkShape(data, kind, source);
  return { data: data as JsonObject, source };
}

/**
 * Refuses a document that refers to itself, is nested too deep, or has too many nodes once shared parts are counted each
 * time. Throws TemplateFormatError. O(size without counting shared parts twice).
 */
export function checkShape(document: object, kind: string, source: Source): void {
  const sizes = new Map<object, { readonly size: number; readonly height: number }>();
  const path: (string | number)[] = [];
  /** Nodes met so far, shared parts once: what the document's own text holds. */
  let written = 0;
  const refuse = (what: string, why: string, fix: string): never => {
    throw new TemplateFormatError({ what, where: source.locate([...path]), why, fix });
  };
  const measure = (node: object): { readonly size: number; readonly height: number } => {
    const known = sizes.get(node);
    if (known === OPEN) {
      refuse(
        `The ${kind} contains itself.`,
        'This node is an alias of a node that it lies in, so the document has no end.',
        'Write the part out where it is needed instead of using an alias.',
      );
    }
    const tooDeep = path.length + (known?.height ?? 0) >= MAX_VALUE_DEPTH;
    if (tooDeep) {
      refuse(
        `The ${kind} is nested deeper than ${MAX_VALUE_DEPTH} levels.`,
        'Such nesting is nearly always a mistake, and every walk over it would be at risk.',
        'Make it flatter.',
      );
    }
    if (known !== undefined) return known;
    sizes.set(node, OPEN);
    let size = 1;
    let height = 0;
    const keys = Array.isArray(node) ? undefined : Object.keys(node);
    const count = keys?.length ?? (node as readonly unknown[]).length;
    for (let index = 0; index < count; index += 1) {
      const key = keys?.[index] ?? index;
      const item = (node as { readonly [key: string | number]: unknown })[key];
      const weight = weightOf(item);
      size += weight;
      written += weight;
      if (typeof item !== 'object' || item === null) continue;
      path.push(key);
      const part = measure(item);
      path.pop();
      size += part.size;
      height = Math.max(height, part.height + 1);
      // A document of a program may be larger than any text: what is refused is the multiplication.
      if (size > MAX_EXPANDED_NODES && size > 10 * written) {
        refuse(
          `The ${kind} has more than ${MAX_EXPANDED_NODES} nodes once its aliases are followed.`,
          'Aliases of parts that have aliases themselves multiply.',
          'Write fewer aliases inside parts that are aliased.',
        );
      }
    }
    const result = { size, height };
    sizes.set(node, result);
    return result;
  };
  measure(document);
}

const OPEN = { size: 0, height: 0 };

/** The keys of a mapping that are no texts in YAML, such as `1` or `yes`, as they were converted. Empty for most. */
export function nonTextKeys(mapping: object): readonly string[] {
  return keysThatAreNoTexts.get(mapping) ?? [];
}

// --- the schema ---

const keysThatAreNoTexts = new WeakMap<object, string[]>();

/** A number of YAML that JSON does not have. */
class NotFinite extends Error {}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map(
  ['yes', 'true', 'on', 'no', 'false', 'off'].flatMap((word, index) =>
    [word, `${word[0]?.toUpperCase()}${word.slice(1)}`, word.toUpperCase()].map((form) => [form, index < 3] as const),
  ),
);

const INTEGER = /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;

const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

const NOT_FINITE = /\.(?:inf|nan)$/i;

/** A number in JSON that is a text in YAML 1.1. */
const JSON_FLOAT = /^-?[0-9]+[eE][-+]?[0-9]+$/;

const DIGITS = [...'0123456789'];

const loadOnly = { identify: () => false };

/** PyYAML's resolvers and constructors, by its source (yaml/resolver.py, yaml/constructor.py). */
const PYYAML_SCHEMA = FAILSAFE_SCHEMA.withTags(
  nullYaml11Tag,
  mergeTag,
  defineScalarTag('tag:yaml.org,2002:bool', {
    ...loadOnly,
    implicit: true,
    implicitFirstChars: [...'yYnNtTfFoO'],
    resolve: (text) => BOOLEANS.get(text) ?? NOT_RESOLVED,
  }),
  defineScalarTag('tag:yaml.org,2002:int', {
    ...loadOnly,
    implicit: true,
    implicitFirstChars: ['-', '+', ...DIGITS],
    resolve: (text) => (INTEGER.test(text) ? finite(parseInteger(text)) : NOT_RESOLVED),
  }),
  defineScalarTag('tag:yaml.org,2002:float', {
    ...loadOnly,
    implicit: true,
    implicitFirstChars: ['-', '+', '.', ...DIGITS],
    resolve: (text, isExplicit) =>
      FLOAT.test(text) || (isExplicit && INTEGER.test(text)) ? finite(parseFloat11(text)) : NOT_RESOLVED,
  }),
  // Heat keeps `2013-05-23` a text, and decodes a !!binary when it comes to write JSON.
  defineScalarTag('tag:yaml.org,2002:timestamp', { ...loadOnly, resolve: (text) => text }),
  defineScalarTag('tag:yaml.org,2002:binary', {
    ...loadOnly,
    resolve: (text) => {
      const base64 = text.replace(/\s/g, '');
      return /^[A-Za-z0-9+/]*={0,2}$/.test(base64) ? Buffer.from(base64, 'base64').toString('utf8') : NOT_RESOLVED;
    },
  }),
  defineMappingTag<Record<string, unknown>>('tag:yaml.org,2002:map', {
    create: mapTag.create,
    has: mapTag.has,
    keys: mapTag.keys,
    get: mapTag.get,
    identify: mapTag.identify,
    addPair: (mapping, key, value) => {
      if (typeof key !== 'string' && typeof key !== 'object') {
        const keys = keysThatAreNoTexts.get(mapping);
        if (keys === undefined) keysThatAreNoTexts.set(mapping, [String(key)]);
        else keys.push(String(key));
      } else if (key !== null && typeof key === 'object') {
        return 'a key that is a list or a mapping has no meaning here';
      }
      return mapTag.addPair(mapping, key, value);
    },
  }),
);

function parseInteger(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '');
  // Adding 0 makes 0 of -0, which JSON does not have.
  if (digits.includes(':')) return sign * sexagesimal(digits) + 0;
  if (digits.startsWith('0x')) return sign * Number.parseInt(digits.slice(2), 16) + 0;
  if (digits.startsWith('0b')) return sign * Number.parseInt(digits.slice(2), 2) + 0;
  return sign * Number.parseInt(digits, digits.startsWith('0') ? 8 : 10) + 0;
}

/** The number itself. Throws NotFinite: digits without end are infinity to JavaScript. */
function finite(number: number): number {
  if (Number.isFinite(number)) return number;
  throw new NotFinite();
}

function parseFloat11(text: string): number {
  if (NOT_FINITE.test(text)) return Number.NaN;
  const digits = text.replaceAll('_', '');
  const sign = digits.startsWith('-') ? -1 : 1;
  const number = digits.includes(':') ? sign * sexagesimal(digits.replace(/^[-+]/, '')) : Number(digits);
  return number + 0;
}

function sexagesimal(digits: string): number {
  return digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

// --- reading ---

function checkSize(text: string, maxSize: number, kind: string, file: string): void {
  // A text has at least as many bytes as UTF-16 units, so most texts need no count.
  if (text.length * 3 <= maxSize) return;
  const size = Buffer.byteLength(text);
  if (size <= maxSize) return;
  throw new RequestLimitExceeded({
    what: `Request limit exceeded: ${kind === 'template' ? 'Template' : 'Environment'} size (${size} bytes) exceeds maximum allowed size (${maxSize} bytes).`,
    where: { file, path: [] },
    why: 'The limit keeps one document from taking the memory of all others.',
    fix: "Move long texts into files that get_file reads, split the stack, or raise the limit by the engine's option 'limits.maxTemplateSize'.",
  });
}

/** The document if the text is a JSON object without duplicate keys; else YAML tells what is wrong with it. */
function loadJson(text: string, source: TextSource): Json | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const data = JSON.parse(text) as Json;
    // JSON.parse keeps the last of two equal keys and does not tell.
    return countKeys(data) === countWrittenKeys(text) ? data : undefined;
  } catch (error) {
    if (error instanceof NotFinite) throw notFinite(text, source);
    return undefined;
  }
}

function countKeys(data: Json): number {
  let count = 0;
  const open: Json[] = [data];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    const items = Object.values(node) as Json[];
    if (!Array.isArray(node)) count += items.length;
    for (const item of items) {
      if (typeof item === 'object' && item !== null) open.push(item);
      else if (typeof item === 'number') finite(item);
    }
  }
  return count;
}

/** In JSON, each colon outside a string belongs to one key. */
function countWrittenKeys(json: string): number {
  let count = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|:/g)) if (token === ':') count += 1;
  return count;
}

/** So many lines may be indented too little before the text is refused. */
const MAX_REPAIRED_LINES = 100;

/**
 * PyYAML lets the lines of a quoted text or of a bracket begin anywhere; js-yaml wants them indented more than what they
 * are in. The text with such lines indented, since blanks there mean nothing; undefined when that does not help.
 */
function indentLikePython(text: string): string | undefined {
  let lines: string[] | undefined;
  let read = text;
  for (let repaired = 0; repaired < MAX_REPAIRED_LINES; repaired += 1) {
    const line = deficientLine(read);
    if (line === undefined) return read;
    lines ??= text.split('\n');
    // One more than the line before it, and more each time that it was not enough.
    const before = /^ */.exec(lines[line - 1] ?? '')?.[0].length ?? 0;
    lines[line] = `${' '.repeat(before + 1)}${lines[line]}`;
    read = lines.join('\n');
  }
  return undefined;
}

function isDeficient(error: unknown): error is YAMLException {
  return error instanceof YAMLException && error.reason === 'deficient indentation';
}

/** The number of the first line that js-yaml finds indented too little; undefined when there is none. */
function deficientLine(text: string): number | undefined {
  try {
    load(text, { schema: PYYAML_SCHEMA, maxDepth: MAX_VALUE_DEPTH, json: true });
  } catch (error) {
    if (isDeficient(error)) return error.mark?.line;
  }
  return undefined;
}

function loadYaml(
  text: string,
  kind: string,
  file: string,
  lastKeyCounts: boolean,
): { readonly data: unknown; readonly source: TextSource } {
  const source = new TextSource(file, text);
  try {
    const data = load(text, { schema: PYYAML_SCHEMA, maxDepth: MAX_VALUE_DEPTH, filename: file, json: lastKeyCounts });
    return { data, source };
  } catch (error) {
    if (isDeficient(error)) {
      const indented = indentLikePython(text);
      if (indented !== undefined) return loadYaml(indented, kind, file, lastKeyCounts);
    }
    if (error instanceof NotFinite) throw notFinite(text, source);
    if (!(error instanceof YAMLException)) throw broken(text, kind, source);
    if (/the input is empty/.test(error.reason)) return { data: undefined, source };
    const reason = error.reason.replace(/^./, (first) => first.toUpperCase());
    const where = source.at(error.mark?.position ?? secondDocumentOf(text), []);
    throw new TemplateFormatError({
      what: `Error parsing ${kind} ${source.file}: ${reason}.`,
      where,
      why: REASONS.find(([pattern]) => pattern.test(error.reason))?.[1] ?? 'The text is not YAML at this place.',
      fix:
        REASONS.find(([pattern]) => pattern.test(error.reason))?.[2] ??
        'Check the indentation, the quotes and the brackets here and in the lines above.',
    });
  }
}

/** Where a second document starts, which js-yaml does not tell; else the start of the text. */
function secondDocumentOf(text: string): number {
  let documents = 0;
  for (const event of parseEvents(text, {})) {
    if (event.type === EVENT_ID.DOCUMENT) documents += 1;
    else if (documents > 1 && 'start' in event) return event.start;
    else if (documents > 1 && 'valueStart' in event) return event.valueStart;
  }
  return 0;
}

/** What the parser's messages mean to somebody who wrote a template: pattern, why, fix. */
const REASONS: readonly (readonly [RegExp, string, string])[] = [
  [
    /duplicated mapping key/,
    'A mapping has each key once. Some parsers would take one of them and drop the other in silence.',
    'Rename one of the two keys, or merge what they hold.',
  ],
  [/tab characters/, 'YAML does not allow tabs for indentation.', 'Indent with spaces.'],
  [
    /bad indentation of a mapping entry/,
    'The line starts too far to the right or left, or a value has a colon and a blank in it.',
    "Align the line with its siblings; put a value that has ': ' in it into quotes.",
  ],
  [
    /unidentified alias/,
    'The name behind the asterisk has no anchor above it.',
    'Put a text that starts with an asterisk into quotes.',
  ],
  [
    /unknown .*tag/,
    'Templates are plain data, and no tag but those of YAML itself has a meaning in them.',
    "Remove the tag; put a text that starts with '!' into quotes.",
  ],
  [/more$/, 'A template is one document.', "Remove the line '---' in the middle, or split the file."],
  [
    /maxDepth/,
    'Such nesting is nearly always a mistake, and every walk over it would be at risk.',
    'Make the document flatter.',
  ],
  [
    /key that is a list or a mapping/,
    'Keys are names: texts, or numbers and booleans, which become texts.',
    "Put a key that starts with '[' or '{' into quotes.",
  ],
  [/merge/i, "The value of '<<' is a mapping or a list of mappings.", 'Give an alias of a mapping.'],
  [/quoted scalar/, 'A quote is opened and never closed.', 'Close it, or write the quote twice inside single quotes.'],
];

function notFinite(text: string, source: TextSource): TemplateFormatError {
  const event = eventsOf(text).find(
    (candidate) =>
      candidate.type === EVENT_ID.SCALAR &&
      candidate.style === SCALAR_STYLE.PLAIN &&
      isInfinite(getScalarValue(text, candidate)),
  );
  return new TemplateFormatError({
    what: 'A number in the template is not finite.',
    where: event?.type === EVENT_ID.SCALAR ? source.at(event.valueStart, []) : source.locate([]),
    why: 'Values are JSON, which has neither infinity nor not-a-number.',
    fix: 'Put it into quotes if it is a text.',
  });
}

/** True for what is read as a number, and is infinity or not-a-number. */
function isInfinite(text: string): boolean {
  if (INTEGER.test(text)) return !Number.isFinite(parseInteger(text));
  return FLOAT.test(text) ? !Number.isFinite(parseFloat11(text)) : JSON_FLOAT.test(text) && !Number.isFinite(+text);
}

/** js-yaml itself fails on a merge of a mapping into itself, for instance. */
function broken(text: string, kind: string, source: TextSource): TemplateFormatError {
  return new TemplateFormatError({
    what: `Error parsing ${kind} ${source.file}: The document cannot be put together.`,
    where: source.locate([]),
    why: text.includes('*') ? 'An alias stands where it cannot be followed.' : 'The text is not YAML.',
    fix: 'Write aliased parts out, and try again.',
  });
}

// --- places ---

/** A node of the text. A mapping or a list has `children`. */
interface PlacedNode {
  /** Offset of the node, or of its key where it starts on a later line than its key. */
  readonly offset: number;
  readonly children: Map<string | number, PlacedNode> | undefined;
}

/** Longer lines are cut in excerpts. */
const EXCERPT_LENGTH = 160;

class TextSource implements Source {
  readonly file: string;
  readonly #text: string;
  #root: PlacedNode | undefined;
  #lineStarts: readonly number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
  }

  locate(path: Path): SourceLocation {
    this.#root ??= placeNodes(this.#text);
    let node = this.#root;
    for (const step of path) {
      const child = node.children?.get(step);
      if (child === undefined) break;
      node = child;
    }
    return this.at(node.offset, path);
  }

  at(offset: number, path: Path): SourceLocation {
    this.#lineStarts ??= lineStartsOf(this.#text);
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    const start = starts[low] as number;
    const end = starts[low + 1] ?? this.#text.length;
    const excerpt = excerptOf(this.#text.slice(start, end).replace(/[\r\n]+$/, ''));
    return { file: this.file, line: low + 1, column: offset - start + 1, path, excerpt };
  }
}

function excerptOf(line: string): string {
  return line.length <= EXCERPT_LENGTH ? line : `${line.slice(0, EXCERPT_LENGTH)}...`;
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + end.length);
  return starts;
}

/** A collection that is being read. */
interface OpenNode {
  readonly node: PlacedNode;
  readonly isMapping: boolean;
  key: string | undefined;
  keyOffset: number;
  /** Mappings whose keys `<<` merges into this one. */
  readonly merged: PlacedNode[];
}

/** The events of the text; none where it cannot be read. */
function eventsOf(text: string): readonly Event[] {
  try {
    return parseEvents(text, { maxDepth: MAX_VALUE_DEPTH });
  } catch {
    return [];
  }
}

/** The nodes of the text as a tree. A text that cannot be read has only its start. */
function placeNodes(text: string): PlacedNode {
  const anchors = new Map<string, PlacedNode>();
  const open: OpenNode[] = [];
  let root: PlacedNode | undefined;
  const add = (offset: number, children: PlacedNode['children'], anchor: string | undefined): PlacedNode => {
    const parent = open.at(-1);
    const node = { offset: parent === undefined ? offset : shownOffset(text, parent, offset), children };
    if (anchor !== undefined) anchors.set(anchor, node);
    if (parent === undefined) root ??= node;
    else if (!parent.isMapping) parent.node.children?.set(parent.node.children.size, node);
    else if (parent.key !== undefined) {
      if (parent.key === '<<') parent.merged.push(node);
      parent.node.children?.set(parent.key, node);
      parent.key = undefined;
    }
    return node;
  };
  const anchorOf = (event: { readonly anchorStart: number; readonly anchorEnd: number }): string | undefined =>
    event.anchorStart === -1 ? undefined : text.slice(event.anchorStart, event.anchorEnd);
  for (const event of eventsOf(text)) {
    const parent = open.at(-1);
    const isKey = parent?.isMapping === true && parent.key === undefined;
    switch (event.type) {
      case EVENT_ID.SCALAR:
        if (isKey) {
          parent.key = keyOf(getScalarValue(text, event), event.style);
          parent.keyOffset = startOfScalar(text, event.valueStart, event.style);
        } else add(startOfScalar(text, event.valueStart, event.style), undefined, anchorOf(event));
        break;
      case EVENT_ID.ALIAS: {
        const aliased = anchors.get(anchorOf(event) ?? '');
        if (isKey) {
          parent.key = anchorOf(event) ?? '';
          parent.keyOffset = event.anchorStart - 1;
        } else if (parent !== undefined) add(event.anchorStart - 1, aliased?.children, undefined);
        break;
      }
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE: {
        const node = add(event.start, new Map(), anchorOf(event));
        open.push({
          node,
          isMapping: event.type === EVENT_ID.MAPPING,
          key: undefined,
          keyOffset: event.start,
          merged: [],
        });
        break;
      }
      case EVENT_ID.POP: {
        const closed = open.pop();
        for (const merged of closed?.merged ?? []) addMerged(closed?.node, merged);
        break;
      }
      default:
        break;
    }
  }
  return root ?? { offset: 0, children: undefined };
}

/** The key in the data: `yes` is `true` there. */
function keyOf(text: string, style: number): string {
  if (style !== SCALAR_STYLE.PLAIN) return text;
  if (INTEGER.test(text)) return String(parseInteger(text));
  return String(BOOLEANS.get(text) ?? text);
}

/** A value on a later line than its key is looked for at its key. */
function shownOffset(text: string, parent: OpenNode, offset: number): number {
  if (!parent.isMapping || parent.key === undefined) return offset;
  if (offset < parent.keyOffset) return parent.keyOffset;
  for (let index = parent.keyOffset; index < offset; index += 1) {
    const char = text[index];
    if (char === '\n' || char === '\r') return parent.keyOffset;
  }
  return offset;
}

/** The offset of the opening quote, or of a plain text's first character. */
function startOfScalar(text: string, valueStart: number, style: number): number {
  const isQuoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
  return Math.max(0, isQuoted && /['"]/.test(text[valueStart - 1] ?? '') ? valueStart - 1 : valueStart);
}

function addMerged(node: PlacedNode | undefined, merged: PlacedNode): void {
  const items = merged.children ?? new Map<string | number, PlacedNode>();
  const isList = [...items.keys()].every((key) => typeof key === 'number') && items.size > 0;
  for (const mapping of isList ? items.values() : [merged]) {
    for (const [key, child] of mapping.children ?? []) {
      if (node?.children?.has(key) === false) node.children.set(key, child);
    }
  }
}
