// npm run bench -- makespan: the same templates under attribute-level and under whole-resource ordering, in simulated time.
// Prints the speed-up and writes chart.svg, which the README shows. Takes no time of the machine's to speak of: every
// figure is exact, and the same on every machine.
import { writeFileSync } from 'node:fs';
import { cluster, randomFrom, randomPlan, threeTiers, twoMachines } from './cases.mjs';
import { drawChart } from './chart.mjs';
import { criticalPath } from './plan.mjs';
import { makespan } from './simulate.mjs';

const SEEDS = Array.from({ length: 41 }, (_, index) => index + 1);

/** Prints the table, writes the chart, and returns the rows. */
export async function run() {
  const cases = [];
  for (const [name, plan] of [
    ['two machines', twoMachines()],
    ['cluster of 5', cluster()],
    ['three tiers', threeTiers()],
  ]) {
    cases.push({ name, ...(await both(plan)) });
  }
  const family = [];
  for (let tenth = 0; tenth <= 10; tenth += 1) family.push(await familyAt(tenth / 10));
  print(cases, family);
  writeFileSync(new URL('chart.svg', import.meta.url), drawChart(cases, family));
  const all = [...cases, ...family.flatMap(({ made }) => made)];
  const ratio = Math.max(...all.map(({ attributeMs, pathMs }) => attributeMs / pathMs));
  return [
    { section: 'makespan', subject: 'to the critical path', ratio },
    ...cases.map(({ name, attributeMs, resourceMs }) => ({ section: 'makespan', name, attributeMs, resourceMs })),
    ...family.map(({ early, median }) => ({ section: 'makespan', name: 'random', early, speedUp: median })),
  ];
}

async function both(plan) {
  const attributeMs = await makespan(plan, 'attribute');
  const pathMs = criticalPath(plan);
  if (attributeMs !== pathMs) throw new Error(`The makespan is ${attributeMs} ms, the critical path ${pathMs} ms.`);
  return { attributeMs, pathMs, resourceMs: await makespan(plan, 'resource') };
}

async function familyAt(early) {
  const made = [];
  for (const seed of SEEDS) made.push(await both(randomPlan(randomFrom(seed), early)));
  const speedUps = made.map(({ attributeMs, resourceMs }) => resourceMs / attributeMs);
  speedUps.sort((a, b) => a - b);
  const quantile = (share) => speedUps[Math.round((speedUps.length - 1) * share)];
  return { early, made, median: quantile(0.5), low: quantile(0.25), high: quantile(0.75) };
}

function print(cases, family) {
  console.log('\nmakespan  (simulated seconds; by attribute it is the critical path, exactly)');
  console.log(
    `${'stack'.padEnd(28)}${'by resource'.padStart(13)}${'by attribute'.padStart(14)}${'speed-up'.padStart(10)}`,
  );
  for (const { name, attributeMs, resourceMs } of cases) {
    const cells =
      resourceMs === undefined
        ? ['refused', attributeMs / 1000, 'circular']
        : [resourceMs / 1000, attributeMs / 1000, `${(resourceMs / attributeMs).toFixed(2)}x`];
    console.log(
      `${name.padEnd(28)}${String(cells[0]).padStart(13)}${String(cells[1]).padStart(14)}${cells[2].padStart(10)}`,
    );
  }
  for (const { early, median, low, high } of family) {
    const name = `random, ${(early * 100).toFixed(0)} % early`;
    const quartiles = `${low.toFixed(2)} to ${high.toFixed(2)}`;
    console.log(`${name.padEnd(28)}${quartiles.padStart(27)}${`${median.toFixed(2)}x`.padStart(10)}`);
  }
}
