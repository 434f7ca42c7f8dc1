/**
 * A layered graph of `n` tasks with 3 dependencies each, in layers of n/10 (at least 3, at most 1000). Row i holds the
 * numbers of the tasks that task i waits for.
 */
export function layeredDependencies(n) {
  const width = Math.max(3, Math.min(1000, Math.floor(n / 10)));
  return Array.from({ length: n }, (_, task) => {
    const layer = Math.floor(task / width);
    if (layer === 0) return [];
    const first = (layer - 1) * width;
    return [...new Set([0, 1, 2].map((k) => first + ((task * 7 + k * 13) % width)))];
  });
}

/** The same graph as a HOT document: each resource refers to one attribute of each resource it depends on. */
export function layeredTemplate(n, type) {
  const resources = {};
  for (const [task, dependencies] of layeredDependencies(n).entries()) {
    const properties = {};
    for (const [k, dependency] of dependencies.entries()) {
      properties[`in${k}`] = { get_attr: [`r${dependency}`, 'value'] };
    }
    resources[`r${task}`] = { type, properties };
  }
  return { heat_template_version: '2021-04-16', resources };
}

/** `n` resources, each of which reads the one before it. */
export function chainTemplate(n, type) {
  const resources = {};
  for (let task = 0; task < n; task += 1) {
    const properties = task === 0 ? {} : { in0: { get_attr: [`r${task - 1}`, 'value'] } };
    resources[`r${task}`] = { type, properties };
  }
  return { heat_template_version: '2021-04-16', resources };
}
