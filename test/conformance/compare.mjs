// What one recorded answer of Heat says, against what the engine says.

/** The short random part of a physical name, and what else differs from run to run. */
const MASKS = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>'],
  [/(teststack(?:-[\w.]+)*)-[a-z0-9]{12}(?![a-z0-9])/g, '$1-xxxxxxxxxxxx'],
];

/** A value with the parts that differ from run to run replaced. */
export function masked(value) {
  if (typeof value === 'string') {
    let text = value;
    // Names of nested stacks hold several random parts.
    for (let before; before !== text; ) {
      before = text;
      for (const [pattern, mask] of MASKS) text = text.replace(pattern, mask);
    }
    return text;
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
