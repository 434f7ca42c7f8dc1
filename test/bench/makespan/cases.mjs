/** Seconds in simulated time. */
const seconds = (count) => ({ work: count * 1000 });
const read = (attribute) => ({ read: attribute });
const publish = (attribute) => ({ publish: attribute });

/** The motivating case: two machines of a base and three components each; b1 needs one value that a1 produces. */
export function twoMachines() {
  const component = (name) => [seconds(20), publish(name)];
  return {
    vmA: [seconds(40), ...component('a1'), ...component('a2'), ...component('a3')],
    vmB: [seconds(40), read('vmA.a1'), ...component('b1'), ...component('b2'), ...component('b3')],
  };
}

/** Members that each tell their address early, and need everybody's to start serving. */
export function cluster(size = 5) {
  const members = Array.from({ length: size }, (_, index) => `member${index + 1}`);
  return Object.fromEntries(
    members.map((member, index) => {
      const peers = members.filter((other) => other !== member).map((other) => read(`${other}.address`));
      return [member, [seconds(10 + 2 * index), publish('address'), ...peers, seconds(15), publish('url')]];
    }),
  );
}

/** A database whose address is known long before it serves, application servers behind it, a load balancer in front. */
export function threeTiers() {
  const app = (install) => [
    seconds(install),
    publish('address'),
    read('db.address'),
    seconds(10),
    read('db.schema'),
    seconds(15),
    publish('url'),
  ];
  return {
    db: [seconds(20), publish('address'), seconds(40), publish('schema'), seconds(30), publish('replica')],
    app1: app(35),
    app2: app(40),
    app3: app(45),
    balancer: [
      seconds(25),
      ...['app1', 'app2', 'app3'].map((name) => read(`${name}.address`)),
      seconds(10),
      ...['app1', 'app2', 'app3'].map((name) => read(`${name}.url`)),
      seconds(5),
      publish('url'),
    ],
    dns: [read('balancer.url'), seconds(5), publish('name')],
  };
}

/**
 * A random graph in layers, each resource with three before it. Of the attributes that are read, the fraction `early` is
 * published when a tenth to a half of the work is done, the others at its end. Readers read before they begin, so that
 * only early publishing makes a difference. The same seed gives graphs that differ only in who publishes early.
 */
export function randomPlan(random, early, { layers = 6, width = 5 } = {}) {
  const plan = {};
  for (let layer = 0; layer < layers; layer += 1) {
    for (let place = 0; place < width; place += 1) {
      const work = 10_000 + Math.floor(random() * 90_000);
      const share = 0.1 + random() * 0.4;
      const isEarly = random() < early;
      const before = new Set(Array.from({ length: 3 }, () => Math.floor(random() * width)));
      const reads = layer === 0 ? [] : [...before].map((other) => read(`r${layer - 1}_${other}.value`));
      const first = Math.floor(work * share);
      plan[`r${layer}_${place}`] = isEarly
        ? [...reads, { work: first }, publish('value'), { work: work - first }]
        : [...reads, { work }, publish('value')];
    }
  }
  return plan;
}

/** mulberry32 (public domain): numbers from 0 to 1 from a seed. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
