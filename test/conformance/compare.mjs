// What one recorded answer of Heat says, against what the engine says.

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** Names of stacks and resources, which have a random part at each level. */
const PHYSICAL_NAME = /\bteststack-[\w.-]*/g;

/** A value with the parts that differ from run to run replaced. */
export function masked(value) {
  if (typeof value === 'string') {
    return value
      .replace(UUID, '<uuid>')
      .replace(PHYSICAL_NAME, (name) => name.replace(/-[a-z0-9]{12}(?=-|$)/g, '-xxxxxxxxxxxx'));
  }
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [masked(key), masked(item)]));
}

/** True when `actual` is what Heat answered; `options.isReference(text)` tells whether a text may be a bare reference. */
export function matches(expected, actual, options = {}) {
  if (expected === '<nondeterministic>') return true;
  if (typeof expected === 'string') {
    const random = /^<random:(\d+)>$/.exec(expected);
    if (random !== null) return typeof actual === 'string' && actual.length === Number(random[1]);
    if (expected === actual) return true;
    return typeof actual === 'string' && options.isReference?.(expected, actual) === true;
  }
  if (expected === null || typeof expected !== 'object') return expected === actual;
  // OS::Heat::None takes properties without a schema, so that the recorder could not ask for them.
  if (/^'Invalid Property /.test(expected.__error__ ?? '')) return true;
  if (Object.hasOwn(expected, '__error__'))
    return typeof actual === 'object' && actual !== null && '__error__' in actual;
  if (typeof actual !== 'object' || actual === null || Array.isArray(expected) !== Array.isArray(actual)) return false;
  if (Array.isArray(expected)) {
    return expected.length === actual.length && expected.every((item, index) => matches(item, actual[index], options));
  }
  const keys = Object.keys(expected);
  return (
    keys.length === Object.keys(actual).length &&
    keys.every((key) => Object.hasOwn(actual, key) && matches(expected[key], actual[key], options))
  );
}
