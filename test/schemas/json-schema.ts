import type { Json, JsonObject } from '../../src/values.ts';

/** A JSON Schema of draft 07, which editors understand best. */
export type JsonSchema = boolean | JsonObject;

/** Expressions have schemas of their own, in `definitions`. */
export function ref(definition: string): JsonSchema {
  return { $ref: `#/definitions/${definition}` };
}

export function described(description: string, schema: JsonObject = {}): JsonSchema {
  return { description, ...schema };
}

/** Names that every section refuses. */
const RESERVED = { not: { enum: ['__proto__', 'constructor', 'prototype'] } };

/** A mapping of names that the author chooses. */
export function namedMap(item: JsonSchema, nameRule: JsonObject = {}): JsonObject {
  return { type: 'object', propertyNames: { ...RESERVED, ...nameRule }, additionalProperties: item };
}

/** What counts as empty in Python, and so as a section that is not there. */
export function orEmpty(schema: JsonSchema): JsonObject {
  return { anyOf: [schema, { enum: [null, false, 0, '', [], {}] }] };
}

const LINE_WIDTH = 120;

/** JSON with each part in one line where it fits. */
export function printSchema(schema: Json, indent = ''): string {
  const line = printLine(schema);
  if (typeof schema !== 'object' || schema === null || indent.length + line.length <= LINE_WIDTH - 20) return line;
  const deeper = `${indent}  `;
  const isList = Array.isArray(schema);
  if (isList && schema.every((item) => typeof item !== 'object')) return printWords(schema, indent);
  const parts = Object.entries(schema).map(
    ([key, item]) => `${deeper}${isList ? '' : `${JSON.stringify(key)}: `}${printSchema(item as Json, deeper)}`,
  );
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

/** A list of words, as many in a line as fit. */
function printWords(words: readonly Json[], indent: string): string {
  const lines: string[] = [];
  for (const word of words.map((item) => JSON.stringify(item))) {
    const longer = `${lines.at(-1) ?? ''}, ${word}`;
    if (lines.length > 0 && indent.length + longer.length <= LINE_WIDTH) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return `[\n${lines.map((line) => `${indent}  ${line}`).join(',\n')}\n${indent}]`;
}

function printLine(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(printLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${printLine(item as Json)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
