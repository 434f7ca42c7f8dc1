import { AndOr } from '../../src/template/functions/and-or.ts';
import { Contains } from '../../src/template/functions/contains.ts';
import { Digest } from '../../src/template/functions/digest.ts';
import { Equals } from '../../src/template/functions/equals.ts';
import { Filter } from '../../src/template/functions/filter.ts';
import { GetAttr } from '../../src/template/functions/get-attr.ts';
import { GetData } from '../../src/template/functions/get-data.ts';
import { GetFile } from '../../src/template/functions/get-file.ts';
import { GetParam } from '../../src/template/functions/get-param.ts';
import { GetResource } from '../../src/template/functions/get-resource.ts';
import { If } from '../../src/template/functions/if.ts';
import { ListConcat } from '../../src/template/functions/list-concat.ts';
import { ListJoin } from '../../src/template/functions/list-join.ts';
import { MakeUrl } from '../../src/template/functions/make-url.ts';
import { MapMerge } from '../../src/template/functions/map-merge.ts';
import { MapReplace } from '../../src/template/functions/map-replace.ts';
import { Not } from '../../src/template/functions/not.ts';
import { parseInvalidInCondition, parseRemoved } from '../../src/template/functions/refused.ts';
import { Repeat } from '../../src/template/functions/repeat.ts';
import { ResourceFacade } from '../../src/template/functions/resource-facade.ts';
import { StrReplace } from '../../src/template/functions/str-replace.ts';
import { StrSplit } from '../../src/template/functions/str-split.ts';
import { Yaql } from '../../src/template/functions/yaql.ts';
import type { FunctionTable, ParseCall } from '../../src/template/parser.ts';
import type { JsonObject } from '../../src/values.ts';
import { described, type JsonSchema, ref } from './json-schema.ts';

/** The arguments of a function whose arguments are expressions of the kind `own`. */
type ArgumentSchema = (own: JsonSchema) => JsonSchema;

const SCALAR_OR_CALL = { type: ['string', 'number', 'boolean', 'null', 'object'] };

const getAttr = (description: string, minItems: number): ArgumentSchema => {
  const schema = { type: 'array', minItems, items: [SCALAR_OR_CALL, SCALAR_OR_CALL] };
  return (own) => described(description, { ...schema, additionalItems: own });
};

const list =
  (description: string, minItems: number, maxItems?: number): ArgumentSchema =>
  (own) =>
    described(description, { type: 'array', minItems, ...(maxItems === undefined ? {} : { maxItems }), items: own });

const condition =
  (description: string, minItems: number): ArgumentSchema =>
  (own) =>
    described(description, {
      type: 'array',
      minItems,
      maxItems: 3,
      items: [ref('condition')],
      additionalItems: own,
    });

const strReplace =
  (description: string): ArgumentSchema =>
  (own) =>
    described(description, {
      type: 'object',
      required: ['template', 'params'],
      properties: {
        template: own,
        params: { type: 'object', additionalProperties: own },
      },
    });

const any =
  (description: string): ArgumentSchema =>
  (own) => ({ description, allOf: [own] });

const JOIN = 'Texts with a delimiter between them: [delimiter, [first, second]]';

const REPLACE = 'A text with placeholders, and what to put in their places.';

/** What each function takes, by what parses it, so that a version has the form that it parses. Others take anything. */
const ARGUMENTS: ReadonlyMap<ParseCall, ArgumentSchema> = new Map<ParseCall, ArgumentSchema>([
  [GetParam.parse, any("A parameter's value: its name, or [name, key, index].")],
  [GetResource.parse, (own) => described('The id of a resource, by its name.', { ...SCALAR_OR_CALL, allOf: [own] })],
  [GetAttr.parseOne, getAttr('An attribute of a resource: [resource, attribute, key, index].', 2)],
  [GetAttr.parse, getAttr('An attribute of a resource: [resource, attribute, key, index]; [resource] for all.', 1)],
  [GetFile.parse, any('The text of a file, by its path or URL.')],
  [GetData.parse, any("A value by its name: 'resource.attribute', 'stack.resource.attribute', or with the space.")],
  [ListJoin.parseOne, list(`${JOIN}.`, 2, 2)],
  [ListJoin.parse, list(`${JOIN}, and any more lists.`, 2)],
  [StrReplace.parseScalars, strReplace(REPLACE)],
  [StrReplace.parse, strReplace(`${REPLACE} Lists and maps are put in as JSON.`)],
  [StrReplace.parseStrict, any('As str_replace; each placeholder has to be in the template.')],
  [StrReplace.parseVeryStrict, any('As str_replace_strict; no value may be empty.')],
  [StrSplit.parse, any('The parts of a text, or one of them: [delimiter, text, index].')],
  [ListConcat.parse, any('One list of several: [[first], [second]]; the unique form keeps the first of equal items.')],
  [MapMerge.parse, any('One map of several; of a key that several have, the last counts: [{a: 1}, {b: 2}].')],
  [MapReplace.parse, any('A map with keys and values replaced: [map, {keys: {old: new}, values: {old: new}}].')],
  [Filter.parse, any('A list without some values: [[unwanted], list].')],
  [Contains.parse, any('Whether a list has a value, or a text a part: [value, list].')],
  [Digest.parse, any('The hash of a text: [sha256, text].')],
  [MakeUrl.parse, any('An address of its parts: {scheme, username, password, host, port, path, query, fragment}.')],
  [Repeat.parseLists, any('A copy of a template for each item: {template, for_each: {name: list}}.')],
  [Repeat.parseMaps, any('A copy of a template for each item or key: {template, for_each: {name: list or map}}.')],
  [
    Repeat.parse,
    any('A copy of a template for each combination: {template, for_each: {name: list}, permutations: true}.'),
  ],
  [
    ResourceFacade.parse,
    any('A section of the resource that this template is the type of: metadata, deletion_policy or update_policy.'),
  ],
  [Yaql.parse, any('The value of a YAQL expression over data: {expression, data}.')],
  [If.parseBoth, condition('One of two values: [condition, value, other value].', 3)],
  [
    If.parse,
    condition('One of two values: [condition, value, other value]. Without the other, the key is dropped.', 2),
  ],
  [Equals.parse, list('Whether two values are equal: [value, value].', 2, 2)],
  [Not.parse, (own) => described('The opposite of a condition.', { not: { type: 'null' }, allOf: [own] })],
  [AndOr.parseAnd, list('Whether all of the conditions hold.', 2)],
  [AndOr.parseOr, list('Whether one of the conditions holds.', 2)],
]);

const REFUSED: ReadonlySet<ParseCall> = new Set([parseInvalidInCondition, parseRemoved]);

/**
 * The schema of an expression, of the name `name` in `definitions`: any JSON, in which a mapping with one key that is a
 * function is a call of it.
 */
export function expressionSchema(functions: FunctionTable, name: string): JsonObject {
  const own = ref(name);
  const calls = [...functions].map(([call, parse]): readonly [string, JsonSchema] => [
    call,
    REFUSED.has(parse) ? false : (ARGUMENTS.get(parse)?.(own) ?? own),
  ]);
  const offered = calls.filter(([, schema]) => schema !== false).map(([call]) => [call, own] as const);
  return {
    items: own,
    if: {
      type: 'object',
      minProperties: 1,
      maxProperties: 1,
      propertyNames: { enum: [...functions.keys()] },
    },
    then: { properties: Object.fromEntries(calls) },
    // The functions stand here too, for editors to offer them.
    else: { properties: Object.fromEntries(offered), additionalProperties: own },
  };
}
