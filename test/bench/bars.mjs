/**
 * What the figures have to be: each bar is worked out from the rows of the sections that were run. `find(section, subject,
 * size)` gives a row `{ us, ratio, bytes }`, undefined when it was not measured.
 */
const BARS = [
  [
    'a resource in memory, 10,000, to bare promises',
    4,
    (find) => find('scheduler', 'engine, in memory', 10_000)?.ratio,
  ],
  ['the same with SQLite', 10, (find) => find('scheduler', 'engine, SQLite', 10_000)?.ratio],
  [
    '100,000 resources, events heard, to bare promises',
    1.5,
    (find) => find('scheduler', 'engine, events heard', 100_000)?.ratio,
  ],
  [
    'a resource of 100,000 to one of Terraform of 1,000',
    1 / 1000,
    (find) => quotient(find('scheduler', 'engine, in memory', 100_000)?.us, find('scheduler', 'terraform', 1000)?.us),
  ],
  [
    'time per resource, 1,000,000 to the cheapest of fewer',
    1.5,
    (find) => {
      const cost = (size) => find('scheduler', 'engine, in memory', size)?.us;
      const fewer = [1000, 10_000, 100_000].map(cost).filter((us) => us !== undefined);
      return fewer.length === 0 ? undefined : quotient(cost(1_000_000), Math.min(...fewer));
    },
  ],
  [
    'GB in use at most, 1,000,000 resources',
    8,
    (find) => times(find('scheduler', 'engine, in memory', 1_000_000)?.rss, 2 ** -30),
  ],
  [
    'a chain of 1,000,000 to layers, per resource',
    2,
    (find) =>
      quotient(
        find('scheduler', 'engine, chain', 1_000_000)?.us,
        find('scheduler', 'engine, in memory', 1_000_000)?.us,
      ),
  ],
  [
    'bytes kept by a resource of 10 attributes',
    2048,
    (find) => find('scheduler', 'engine, 10 attributes', 100_000)?.bytes,
  ],
  ['static deadlock analysis, 100,000, to Kahn', 2, (find) => find('graph', 'deadlock analysis', 100_000)?.ratio],
  [
    'ms to find a deadlock behind 10,000 readers',
    50,
    (find) => times(find('space', 'deadlock behind a chain', 10_000)?.us, 10),
  ],
  [
    'the same, per reader, 40,000 to 10,000',
    1.5,
    (find) =>
      quotient(
        find('space', 'deadlock behind a chain', 40_000)?.us,
        find('space', 'deadlock behind a chain', 10_000)?.us,
      ),
  ],
  ...[
    ['deadlock, engine', 'in one stack'],
    ['deadlock, engine, two stacks', 'over two stacks'],
  ].flatMap(([subject, where]) => [
    [`ms until an engine tells of it, ${where}`, 50, (find) => times(find('space', subject, 10_000)?.us, 10)],
    [
      'the same, per reader, 10,000 to 1,000',
      1.5,
      (find) => quotient(find('space', subject, 10_000)?.us, find('space', subject, 1000)?.us),
    ],
  ]),
  ...[1000, 10_000, 100_000].map((size) => [
    `write and wake of one reader of ${size.toLocaleString('en')}, to a bare promise`,
    3,
    (find) => find('space', 'write and wake', size)?.ratio,
  ]),
  ...[1000, 10_000, 100_000].map((size) => [
    `the same in order of coming, ${size.toLocaleString('en')}`,
    3,
    (find) => quotient(find('space', 'in order, write and wake', size)?.us, find('space', 'in order, bare', size)?.us),
  ]),
  ['makespan to the critical path over attributes', 1, (find) => find('makespan', 'to the critical path')?.ratio],
  [
    'an update of 10,000 in which nothing changes, to reading them',
    2,
    (find) => find('update', 'update, nothing changes', 10_000)?.ratio,
  ],
  ['its preview, likewise', 2, (find) => find('update', 'preview, nothing changes', 10_000)?.ratio],
  [
    'one change stored in a stack of 10,000 to one of 100, SQLite',
    1.5,
    (find) =>
      quotient(find('journal', 'one change, SQLite', 10_000)?.us, find('journal', 'one change, SQLite', 100)?.us),
  ],
  ['a stack of 10,000 with SQLite to its bare writes', 3, (find) => find('store', 'engine, SQLite', 10_000)?.ratio],
];

/** All bars: `{ name, bar, value, isMet }`, without the last two where there are no figures. */
export function barsOf(rows) {
  const find = (section, subject, size) =>
    rows.find((row) => row.section === section && row.subject === subject && row.size === size);
  return BARS.map(([name, bar, work]) => {
    const value = work(find);
    return value === undefined ? { name, bar } : { name, bar, value, isMet: value <= bar };
  });
}

function quotient(a, b) {
  return a === undefined || b === undefined ? undefined : a / b;
}

function times(a, factor) {
  return a === undefined ? undefined : a * factor;
}
