import { FOREIGN, FRAGMENTS, FUNCTIONS, ODD_CONTAINERS, ODD_KEYS, ODD_VALUES, WORDS } from './oddities.ts';

/** One change of a document, as numbers that fast-check can make smaller. */
export interface Edit {
  readonly kind: (typeof EDITS)[number];
  /** Which node; taken modulo the number of nodes. */
  readonly at: number;
  /** Which other node, key, value or function. */
  readonly with: number;
}

/** One change of a text. */
export interface TextEdit {
  readonly kind: (typeof TEXT_EDITS)[number];
  readonly at: number;
  readonly with: number;
  readonly length: number;
}

export const EDITS = [
  'delete',
  'swap',
  'copy',
  'share',
  'odd value',
  'odd container',
  'foreign value',
  'odd key',
  'word',
  'add odd key',
  'add word',
  'call',
  'reference',
  'name',
  'list',
  'unwrap',
  'duplicate item',
] as const;

export const TEXT_EDITS = ['insert', 'cut', 'repeat', 'move', 'indent', 'truncate', 'bomb'] as const;

type Holder = Record<string, unknown> | unknown[];

interface Slot {
  readonly holder: Holder;
  readonly key: string | number;
}

/** More nodes than these are not looked for. */
const MAX_SLOTS = 2000;

/** The document with the edits, in order. The original is left as it is. */
export function mutateDocument(original: unknown, edits: readonly Edit[]): unknown {
  const root: Holder = { document: structuredClone(original) };
  for (const edit of edits) applyEdit(root, edit);
  return root.document;
}

function applyEdit(root: Holder, { kind, at, with: other }: Edit): void {
  const slots = slotsOf(root);
  const slot = pick(slots, at);
  const node = readSlot(slot);
  switch (kind) {
    case 'delete':
      removeSlot(slot);
      break;
    case 'swap': {
      const second = pick(slots, other);
      writeSlot(slot, readSlot(second));
      writeSlot(second, node);
      break;
    }
    case 'copy':
      writeSlot(slot, clone(readSlot(pick(slots, other))));
      break;
    case 'share':
      writeSlot(slot, readSlot(pick(slots, other)));
      break;
    case 'odd value':
      writeSlot(slot, pick(ODD_VALUES, other)());
      break;
    case 'odd container':
      writeSlot(slot, pick(ODD_CONTAINERS, other)());
      break;
    case 'foreign value':
      writeSlot(slot, pick(FOREIGN, other)());
      break;
    case 'odd key':
      renameSlot(slot, pick(ODD_KEYS, other));
      break;
    case 'word':
      renameSlot(slot, pick(WORDS, other));
      break;
    case 'add odd key':
      addKey(node, pick(ODD_KEYS, other), pick(ODD_VALUES, at)());
      break;
    case 'add word':
      addKey(node, pick(WORDS, other), pick([...ODD_VALUES, ...ODD_CONTAINERS], at)());
      break;
    case 'call':
      writeSlot(slot, { [pick(FUNCTIONS, other)]: node });
      break;
    case 'reference': {
      const name = nameFrom(root, 'resources', other);
      const forms = [{ get_resource: name }, { get_attr: [name, 'show'] }, { get_attr: [name, 'value'] }];
      writeSlot(slot, pick([...forms, { get_attr: [name] }, { get_param: nameFrom(root, 'parameters', other) }], at));
      break;
    }
    case 'name':
      writeSlot(slot, nameFrom(root, pick(['resources', 'parameters', 'conditions', 'outputs'], at), other));
      break;
    case 'list':
      writeSlot(slot, other % 2 === 0 ? [node] : [node, node, node]);
      break;
    case 'unwrap':
      if (isHolder(node)) writeSlot(slot, Object.values(node)[0]);
      break;
    case 'duplicate item':
      if (Array.isArray(slot.holder)) slot.holder.splice(Number(slot.key), 0, clone(node));
      break;
    default:
      kind satisfies never;
  }
}

/** Every place that holds a node, each container once. */
function slotsOf(root: Holder): readonly Slot[] {
  const slots: Slot[] = [];
  const seen = new Set<object>([root]);
  for (const holder of seen as Set<Holder>) {
    for (const key of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
      if (slots.length >= MAX_SLOTS) return slots;
      slots.push({ holder, key });
      const node = readSlot({ holder, key });
      if (isHolder(node) && !Object.isFrozen(node)) seen.add(node);
    }
  }
  return slots;
}

function isHolder(node: unknown): node is Holder {
  return typeof node === 'object' && node !== null;
}

function pick<T>(items: readonly T[], index: number): T {
  return items[index % items.length] as T;
}

function readSlot({ holder, key }: Slot): unknown {
  return (holder as Record<string | number, unknown>)[key];
}

function writeSlot({ holder, key }: Slot, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The top of the document stays. */
function removeSlot({ holder, key }: Slot): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (key !== 'document') delete holder[key];
}

function renameSlot(slot: Slot, key: string): void {
  if (Array.isArray(slot.holder) || slot.key === 'document') return;
  const value = readSlot(slot);
  removeSlot(slot);
  writeSlot({ holder: slot.holder, key }, value);
}

function addKey(node: unknown, key: string, value: unknown): void {
  if (isHolder(node) && !Array.isArray(node) && !Object.isFrozen(node)) writeSlot({ holder: node, key }, value);
}

/** A name that the section declares, so that a reference to it comes far. */
function nameFrom(root: Holder, section: string, index: number): string {
  const document = readSlot({ holder: root, key: 'document' });
  const names = isHolder(document) ? readSlot({ holder: document, key: section }) : undefined;
  return isHolder(names) && Object.keys(names).length > 0 ? pick(Object.keys(names), index) : 'nobody';
}

/** A copy, or the value itself where a function stands in it. */
function clone(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

/** The text with the edits, in order. */
export function mutateText(original: string, edits: readonly TextEdit[]): string {
  return edits.reduce(applyTextEdit, original);
}

function applyTextEdit(text: string, { kind, at, with: other, length }: TextEdit): string {
  const start = placeIn(text, at);
  const [before, part, after] = [text.slice(0, start), text.slice(start, start + length), text.slice(start + length)];
  switch (kind) {
    case 'insert':
      return before + pick(FRAGMENTS, other) + part + after;
    case 'cut':
      return before + after;
    case 'repeat':
      return before + part + part + after;
    case 'move': {
      const rest = before + after;
      const place = placeIn(rest, other);
      return rest.slice(0, place) + part + rest.slice(place);
    }
    case 'indent': {
      const line = text.lastIndexOf('\n', start) + 1;
      return text.slice(0, line) + pick(['  ', ' ', '\t', '- ', '        '], other) + text.slice(line);
    }
    case 'truncate':
      return before;
    case 'bomb':
      return `${bomb(1 + (other % 12))}${text}`;
    default:
      return kind satisfies never;
  }
}

/** Anywhere in the text, or behind a blank or the end of a line, where most tokens start. */
function placeIn(text: string, at: number): number {
  const place = at % (text.length + 1);
  if (at % 3 === 0) return place;
  return Math.max(text.indexOf('\n', place), text.indexOf(' ', place), place - 1) + 1;
}

/** Each level is ten aliases of the one before it. */
function bomb(levels: number): string {
  return Array.from({ length: levels }, (_, level) => {
    const items = Array.from({ length: 10 }, () => (level === 0 ? 'x' : `*bomb${level - 1}`));
    return `bomb${level}: &bomb${level} [${items.join(', ')}]\n`;
  }).join('');
}
