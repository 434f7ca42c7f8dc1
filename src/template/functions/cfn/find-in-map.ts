import { isJsonObject, type Json } from '../../../values.ts';
import type { ParseCall } from '../../parser.ts';
import { pythonText } from '../../python.ts';
import { ComputedCall, computedAt } from '../computed-call.ts';

/** `Fn::FindInMap: [mapping, key, value]`: an entry of the section Mappings (heat/engine/cfn/functions.py, FindInMap). */
export class FindInMap extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => {
    const parsed = site.expression(args);
    if (Array.isArray(parsed) && parsed.length === 3) return computedAt(site, FindInMap, parsed);
    return site.refuse(
      `Arguments to "${site.name}" must be of the form [mapping, key, value]`,
      'It names a mapping, a key of it, and a key below that one.',
      'Write {"Fn::FindInMap": [mapping, key, value]}.',
    );
  };

  protected override compute(args: Json): Json {
    const steps = args as readonly Json[];
    let found: Json | undefined = this.surroundings.mappings ?? {};
    for (const [index, step] of steps.entries()) {
      const next = entryOf(found, step);
      if (next === undefined) {
        const where =
          index === 0 ? 'The section Mappings' : `The mapping ${steps.slice(0, index).map(pythonText).join('.')}`;
        throw this.wrong(`'${pythonText(step)}'`, `${where} has no such key.`, 'Add it, or correct the name.');
      }
      found = next;
    }
    return found;
  }
}

/** As Python looks it up: in a list too, where true is 1 and a negative index counts from the end. */
function entryOf(value: Json | undefined, step: Json): Json | undefined {
  if (Array.isArray(value)) {
    const index = typeof step === 'boolean' ? Number(step) : step;
    return typeof index === 'number' && Number.isInteger(index) ? (value as readonly Json[]).at(index) : undefined;
  }
  if (!isJsonObject(value) || typeof step === 'object') return undefined;
  return Object.hasOwn(value, pythonText(step)) ? value[pythonText(step)] : undefined;
}
