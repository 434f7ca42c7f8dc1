// Drawn by hand: two small charts of a fixed size, for which the charting libraries bring dozens of packages.

const WIDTH = 860;
const HEIGHT = 372;

/** Readable on light and on dark: the colours follow the reader's choice. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .muted { fill: #59636e }
  .axis { stroke: #59636e; stroke-width: 1 }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .whole { fill: #b0b8c1 }
  .attribute { fill: #1a7f5a }
  .band { fill: #1a7f5a; opacity: 0.18 }
  .median { fill: none; stroke: #1a7f5a; stroke-width: 2.5 }
  .page { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .muted { fill: #9198a1 } .axis { stroke: #9198a1 } .grid { stroke: #3d444d }
    .whole { fill: #656c76 } .attribute { fill: #3fb98a } .band { fill: #3fb98a } .median { stroke: #3fb98a }
    .page { fill: #0d1117 }
  }`;

/**
 * An SVG: on the left the makespan of each case under both orders, on the right the speed-up of the random family by the
 * fraction of attributes that are published early.
 * @param {{ name: string, attributeMs: number, resourceMs: number | undefined }[]} cases
 * @param {{ early: number, median: number, low: number, high: number }[]} family `low` and `high` are quartiles
 */
export function drawChart(cases, family) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="Makespan with attribute-level and with whole-resource ordering">
<style>${STYLE}
</style>
<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>
${drawCases(cases)}
${drawFamily(family)}
</svg>
`;
}

function drawCases(cases) {
  const [left, right, top] = [120, 400, 84];
  const longest = Math.max(...cases.flatMap(({ attributeMs, resourceMs }) => [attributeMs, resourceMs ?? 0]));
  const length = (ms) => ((right - left) * ms) / longest;
  const rows = cases.map(({ name, attributeMs, resourceMs }, index) => {
    const y = top + index * 84;
    const whole =
      resourceMs === undefined
        ? text(left + 8, y + 17, 'refused: circular dependency', 'muted')
        : bar(left, y, length(resourceMs), 'whole', printSeconds(resourceMs));
    return [
      text(left - 12, y + 31, name, '', 'end'),
      whole,
      bar(left, y + 26, length(attributeMs), 'attribute', printSeconds(attributeMs)),
    ].join('\n');
  });
  const legend = [
    `<rect class="whole" x="20" y="${HEIGHT - 32}" width="14" height="14"/>`,
    text(40, HEIGHT - 20, 'waits for the whole resource'),
    `<rect class="attribute" x="248" y="${HEIGHT - 32}" width="14" height="14"/>`,
    text(268, HEIGHT - 20, 'waits for the attribute it reads'),
  ];
  return [
    text(20, 32, 'Time to create a stack', 'title'),
    text(20, 54, 'the same template under both orders, simulated time', 'muted'),
    ...rows,
    ...legend,
  ].join('\n');
}

function drawFamily(family) {
  const [left, right, top, bottom] = [540, 836, 84, 300];
  const highest = Math.ceil(Math.max(...family.map(({ high }) => high)) * 2) / 2;
  const x = (early) => left + (right - left) * early;
  const y = (speedUp) => bottom - ((bottom - top) * (speedUp - 1)) / (highest - 1);
  const grid = [];
  for (let speedUp = 1; speedUp <= highest; speedUp += 0.5) {
    const isBase = speedUp === 1;
    grid.push(
      `<line class="${isBase ? 'axis' : 'grid'}" x1="${left}" x2="${right}" y1="${y(speedUp)}" y2="${y(speedUp)}"/>`,
      text(left - 8, y(speedUp) + 4, `${speedUp}x`, 'muted', 'end'),
    );
  }
  for (const early of [0, 0.25, 0.5, 0.75, 1]) {
    grid.push(text(x(early), bottom + 20, `${early * 100} %`, 'muted', 'middle'));
  }
  const point = (early, speedUp) => `${x(early).toFixed(1)},${y(speedUp).toFixed(1)}`;
  const band = [
    ...family.map(({ early, high }) => point(early, high)),
    ...[...family].reverse().map(({ early, low }) => point(early, low)),
  ];
  return [
    text(490, 32, 'Speed-up of random stacks', 'title'),
    text(490, 54, 'median and quartiles of graphs of 30 resources', 'muted'),
    ...grid,
    `<polygon class="band" points="${band.join(' ')}"/>`,
    `<polyline class="median" points="${family.map(({ early, median }) => point(early, median)).join(' ')}"/>`,
    text((left + right) / 2, bottom + 42, 'of all attributes are published early', 'muted', 'middle'),
  ].join('\n');
}

function bar(x, y, width, className, label) {
  return [
    `<rect class="${className}" x="${x}" y="${y}" width="${width.toFixed(1)}" height="22" rx="2"/>`,
    text(x + width + 8, y + 16, label),
  ].join('\n');
}

function text(x, y, content, className = '', anchor = 'start') {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${className}" text-anchor="${anchor}">${content}</text>`;
}

function printSeconds(ms) {
  return `${ms / 1000} s`;
}
