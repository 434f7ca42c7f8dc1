import { describe, expect, test } from '@jest/globals';
import { buildPortGraph } from '../../src/graph/build.ts';
import { toDot } from '../../src/graph/dot.ts';
import { toGraphlib } from '../../src/graph/graphlib.ts';
import { toMermaid } from '../../src/graph/mermaid.ts';
import { type Picture, pictureOf } from '../../src/graph/picture.ts';
import { toSvg } from '../../src/graph/svg.ts';
import type { StackInterface } from '../../src/interface/interface.ts';
import { stackOf } from './stack-of.ts';

const app = stackOf(
  'app',
  {
    db: { kind: 'streaming', inputs: { disk: ['default.other.disk.path'] }, needs: { address: [] } },
    web: { type: 'Test::Web', inputs: { url: ['db.address'] } },
    probe: { dependsOn: ['web'] },
    debug: { isEnabled: false },
  },
  { url: ['web.url'] },
);

/** Members that all need each other's address. */
function cluster(size: number): StackInterface {
  const names = Array.from({ length: size }, (_, index) => `m${index}`);
  const member = (name: string) => ({
    kind: 'streaming' as const,
    inputs: { peers: names.filter((other) => other !== name).map((other) => `${other}.address`) },
    needs: { address: [], url: ['peers'] },
  });
  return stackOf('cluster', Object.fromEntries(names.map((name) => [name, member(name)])), {
    urls: names.map((name) => `${name}.url`),
  });
}

const hostile = stackOf('a <b> & "c" \\', {
  'x"y': { type: '<script>&', inputs: { 'in"<': ['z]|{}.a&b'] } },
  'z]|{}': { type: 'A::B' },
});

const drawn = (stack: StackInterface): Picture => pictureOf(stack, buildPortGraph(stack));

describe('what is drawn', () => {
  test('resources that need each other are drawn in stages, so that every arrow leads forward', () => {
    const picture = drawn(cluster(5));
    const stages = picture.resources.map((resource) =>
      resource.stages.map(({ inputs, outputs }) => [...inputs, ...outputs].map(({ label }) => label).join(' ')),
    );
    expect(stages).toEqual(Array.from({ length: 5 }, () => ['address', 'peers url']));
    const order = new Map(picture.resources.flatMap(({ stages }) => stages.map(({ id }, level) => [id, level])));
    const reads = picture.edges.filter(({ kind }) => kind === 'reads');
    expect(reads).toHaveLength(20);
    expect(reads.every(({ from, to }) => (order.get(from.box) as number) < (order.get(to.box) as number))).toBe(true);
  });

  test('a resource that is in no circle is one box, also behind a circle', () => {
    const stack = stackOf('s', {
      a: { kind: 'streaming', inputs: { peer: ['b.x'] }, needs: { x: [], y: ['peer'] } },
      b: { kind: 'streaming', inputs: { peer: ['a.x'] }, needs: { x: [] } },
      last: { inputs: { early: ['a.x'], late: ['a.y'] } },
    });
    expect(drawn(stack).resources.map(({ stages }) => stages.length)).toEqual([2, 2, 1]);
  });

  test('one edge per reference, whatever refers to it; start and done only where depends_on ties them', () => {
    expect(drawn(app).edges.map(({ kind, text, isCritical }) => `${kind} ${text}${isCritical ? ' *' : ''}`)).toEqual([
      'reads db.address -> web.url *',
      'needs web.url -> web.url *',
      'needs web.url -> web (done) *',
      'dependsOn web (done) -> probe (start) *',
      'reads default.other.disk.path -> db.disk',
      'output web.url -> output url',
    ]);
  });

  test('a resource that a condition leaves out is drawn, and nothing leads to it', () => {
    const debug = drawn(app).resources.find(({ name }) => name === 'debug');
    expect(debug).toMatchObject({ id: 'r3', isEnabled: false, isCritical: false });
    expect(drawn(app).edges.some(({ from, to }) => from.box === 'r3' || to.box === 'r3')).toBe(false);
  });

  test('an empty stack can be drawn', async () => {
    const empty = stackOf('nothing', {});
    expect(drawn(empty).criticalPath).toEqual([]);
    expect(await toSvg(empty, buildPortGraph(empty))).toContain('nothing');
  });
});

describe('toMermaid', () => {
  test('the whole text of a small stack', () => {
    expect(toMermaid(app, buildPortGraph(app))).toBe(MERMAID);
  });

  test('names are escaped', () => {
    expect(toMermaid(hostile, buildPortGraph(hostile))).toContain(
      'subgraph r0["x#quot;y<br/><small>#lt;script#gt;#amp;</small>"]',
    );
  });
});

describe('toDot', () => {
  test('the structure of a small stack', () => {
    expect(structure(toDot(app, buildPortGraph(app)))).toBe(DOT);
  });

  test('the same graph gives the same text', () => {
    expect(toDot(cluster(4), buildPortGraph(cluster(4)))).toBe(toDot(cluster(4), buildPortGraph(cluster(4))));
  });
});

describe('toSvg', () => {
  test('is well-formed, has every name, and is the same each time', async () => {
    const svg = await toSvg(app, buildPortGraph(app));
    expect(unclosedElements(svg)).toEqual([]);
    for (const name of [
      'app',
      'db',
      'web',
      'probe',
      'debug',
      'Test::Web',
      'url',
      'address',
      'default.other.disk.path',
    ]) {
      expect(svg).toContain(name);
    }
    expect(svg.startsWith('<svg')).toBe(true);
    expect(await toSvg(app, buildPortGraph(app))).toBe(svg);
  });

  test('names with quotes, brackets and ampersands are text in it', async () => {
    const svg = await toSvg(hostile, buildPortGraph(hostile));
    expect(unclosedElements(svg)).toEqual([]);
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('&lt;script&gt;&amp;');
    expect(svg).toContain('x&quot;y');
    expect(svg).toContain('a &lt;b&gt; &amp; &quot;c&quot; \\');
  });
});

describe('toGraphlib', () => {
  test('nodes are ports by what they are and their name, edges lead from what happens first', () => {
    const graph = toGraphlib(buildPortGraph(app));
    expect(graph.nodes()).toEqual([
      'start db',
      'in db.disk',
      'out db.address',
      'done db',
      'start web',
      'in web.url',
      'out web.url',
      'done web',
      'start probe',
      'done probe',
    ]);
    expect(graph.hasEdge('out db.address', 'in web.url')).toBe(true);
    expect(graph.hasEdge('done web', 'start probe')).toBe(true);
    expect(graph.hasEdge('in db.disk', 'out db.address')).toBe(false);
    expect(graph.node('out db.address')).toEqual({ kind: 'out', resource: 'db', label: 'address' });
  });
});

/** The lines of a DOT text without what only says how things look. */
function structure(dot: string): string {
  return dot
    .split('\n')
    .filter((line) => !/^ {2}(graph|node|edge|label)\b/.test(line))
    .map((line) => {
      const shown = [...line.matchAll(/>(?:&#160;)*([^<>&]+)(?:&#160;)*</g)].map((match) => match[1]).join(' ');
      const text = /label="([^"]*)"/.exec(line)?.[1] ?? shown;
      const marks = [...line.matchAll(/style=(dashed|dotted)|(penwidth=2\.4)/g)].map((match) => match[1] ?? 'critical');
      return [line.replace(/ \[.*/, ''), ...marks.map((mark) => `(${mark})`), text]
        .filter((part) => part !== '')
        .join(' ');
    })
    .join('\n');
}

/** The elements of an XML text that are not closed in their order. */
function unclosedElements(xml: string): readonly string[] {
  const open: string[] = [];
  for (const [, slash, name, own] of xml.matchAll(/<(\/?)([\w:]+)(?:[^<>"]|"[^"<]*")*?(\/?)>/g)) {
    if (own === '/') continue;
    if (slash !== '/') open.push(name as string);
    else if (open.at(-1) === name) open.pop();
    else return [...open, `/${name}`];
  }
  // What is no element must hold no bracket.
  const text = xml.replace(/<(\/?)([\w:]+)(?:[^<>"]|"[^"<]*")*?(\/?)>/g, '');
  return /[<]|&(?!(amp|lt|gt|quot|apos|#\d+);)/.test(text) ? ['a bracket or an ampersand in text'] : open;
}

const MERMAID = `---
title: "app"
---
flowchart LR
  subgraph r0["db<br/><small>Test::Thing</small>"]
    r0p1>"disk"]:::input
    r0p2(["address"]):::critical
  end
  subgraph r1["web<br/><small>Test::Web</small>"]
    r1p1>"url"]:::critical
    r1p2(["url"]):::critical
    r1p3{{"done"}}:::critical
  end
  subgraph r2["probe<br/><small>Test::Thing</small>"]
    r2p0{{"start"}}:::critical
  end
  r3["debug<br/><small>Test::Thing</small>"]:::leftOut
  n0[/"default.other.disk.path"/]:::foreign
  subgraph outputs["template outputs"]
    outputst0["url"]:::output
  end
  r0p2 ==> r1p1
  r1p1 --- r1p2
  r1p2 --- r1p3
  r1p3 -.-> r2p0
  n0 --> r0p1
  r1p2 -.-> outputst0
  classDef input fill:#dbeafe,stroke:#7c8ba1,color:#1e293b
  classDef attribute fill:#dcfce7,stroke:#7c8ba1,color:#1e293b
  classDef order fill:#ede9fe,stroke:#7c8ba1,color:#1e293b
  classDef foreign fill:#f8fafc,stroke:#7c8ba1,color:#1e293b,stroke-dasharray:4 3
  classDef output fill:#f8fafc,stroke:#7c8ba1,color:#1e293b
  classDef critical fill:#ffedd5,stroke:#ea580c,color:#1e293b,stroke-width:2px
  classDef leftOut fill:none,stroke:#7c8ba1,color:#708097,stroke-dasharray:4 3
  linkStyle 0,1,2,3 stroke:#ea580c,stroke-width:3px
`;
const DOT = `digraph "app" {
  r0 db Test::Thing disk address
  r1 web Test::Web url url done
  r2 probe Test::Thing start
  r3 debug Test::Thing
  n0 default.other.disk.path
  outputs template outputs url
  n0:e -> r0:p1:w
  r1:p2:e -> outputs:t0:w (dotted)
  r0:p2:e -> r1:p1:w (critical)
  r1:p3:e -> r2:p0:w (dashed) (critical)
}
`;
