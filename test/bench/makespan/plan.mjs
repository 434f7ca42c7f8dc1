/**
 * A stack as plain data: by resource, the steps that its handler takes one after the other.
 *   { work: ms }               it takes time
 *   { read: 'db.address' }     it waits for an attribute of another resource
 *   { publish: 'address' }     it writes one of its own
 * @typedef {{ work: number } | { read: string } | { publish: string }} Step
 * @typedef {Record<string, Step[]>} Plan
 */

/** The plan as a template of hotloom-1: each attribute needs exactly what is read before it is published. */
export function templateOf(plan) {
  const resources = {};
  for (const [name, steps] of Object.entries(plan)) {
    const inputs = {};
    const outputs = {};
    for (const step of steps) {
      if (step.read !== undefined) inputs[aliasOf(step.read)] = { get_attr: step.read.split('.') };
      if (step.publish !== undefined) outputs[step.publish] = { needs: Object.keys(inputs) };
    }
    resources[name] = { type: 'Bench::Steps', properties: { steps }, inputs, outputs };
  }
  return { heat_template_version: 'hotloom-1', resources };
}

export function aliasOf(read) {
  return read.replace('.', '_');
}

/**
 * When the last step of the last resource ends, if nobody waits for anything but what it reads: the longest path over all
 * steps (ms). Found without the engine: each round plays every resource as far as it gets.
 */
export function criticalPath(plan) {
  const published = new Map();
  const ends = new Map();
  for (let isProgress = true; isProgress; ) {
    isProgress = false;
    for (const [name, steps] of Object.entries(plan)) {
      if (ends.has(name)) continue;
      const end = play(name, steps, published, () => {
        isProgress = true;
      });
      if (end !== undefined) {
        ends.set(name, end);
        isProgress = true;
      }
    }
  }
  if (ends.size < Object.keys(plan).length) throw new Error('The plan has a circle.');
  return Math.max(0, ...ends.values());
}

/** The end of one resource; undefined while something that it reads is not known yet. */
function play(name, steps, published, didPublish) {
  let now = 0;
  for (const { work, read, publish } of steps) {
    if (work !== undefined) now += work;
    else if (publish !== undefined) {
      const attribute = `${name}.${publish}`;
      if (!published.has(attribute)) didPublish();
      published.set(attribute, now);
    } else {
      if (!published.has(read)) return undefined;
      now = Math.max(now, published.get(read));
    }
  }
  return now;
}
