import { Context } from './context.ts';
import type { Definition } from './definitions.ts';
import { branchingFunctions } from './functions/branching.ts';
import { combiningFunctions } from './functions/combining.ts';
import { comparisonFunctions } from './functions/comparison.ts';
import { conversionFunctions } from './functions/conversions.ts';
import { dictionaryFunctions } from './functions/dictionaries.ts';
import { groupingFunctions } from './functions/grouping.ts';
import { listFunctions } from './functions/lists.ts';
import { mathFunctions } from './functions/math.ts';
import { mergingFunctions } from './functions/merging.ts';
import { orderingFunctions } from './functions/ordering.ts';
import { queryFunctions } from './functions/queries.ts';
import { regexFunctions } from './functions/regex.ts';
import { setFunctions } from './functions/sets.ts';
import { stringFunctions } from './functions/strings.ts';
import { collectionProperty, propertyFallback, systemFunctions } from './functions/system.ts';
import { timeFunctions } from './functions/times.ts';

const FUNCTIONS: readonly Definition[] = [
  ...systemFunctions,
  collectionProperty,
  ...branchingFunctions,
  ...comparisonFunctions,
  ...conversionFunctions,
  ...listFunctions,
  ...dictionaryFunctions,
  ...mergingFunctions,
  ...setFunctions,
  ...queryFunctions,
  ...combiningFunctions,
  ...orderingFunctions,
  ...groupingFunctions,
  ...stringFunctions,
  ...regexFunctions,
  ...mathFunctions,
  ...timeFunctions,
];

let built: Context | undefined;

/** The context with yaql's standard library, as Heat makes it (yaql/__init__.py, create_context). Never changed. */
export function library(): Context {
  if (built === undefined) {
    const fallbacks = new Context();
    fallbacks.register(propertyFallback);
    built = fallbacks.child();
    for (const definition of FUNCTIONS) built.register(definition);
  }
  return built;
}

/** The names of the functions and methods that an expression may call. */
export function libraryNames(): readonly string[] {
  return [...new Set(FUNCTIONS.map(({ name }) => name))].filter((name) => /^\w/.test(name));
}
