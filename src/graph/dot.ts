import type { StackInterface } from '../interface/interface.ts';
import {
  OUTPUTS_BOX,
  type Picture,
  type PictureEdge,
  type PicturePort,
  type PictureResource,
  type PictureStage,
  pictureOf,
} from './picture.ts';
import type { PortGraph } from './port-graph.ts';

/**
 * The graph in Graphviz's DOT language: a box per resource with its inputs at the left and its attributes at the right,
 * an arrow per reference, the critical path marked. Resources that need each other are drawn as a frame with several
 * boxes, so that every arrow leads to the right. The same graph gives the same text. The graph must be acyclic.
 */
export function toDot(stack: StackInterface, graph: PortGraph): string {
  return printDot(pictureOf(stack, graph));
}

// Boxes are light with dark text, and everything outside of them has a middle tone, so that the picture, which has no
// background of its own, can be read on a white page and on a dark one.
const INK = '#1e293b';
const FAINT_INK = '#708097';
const LINE = '#7c8ba1';
const PAPER = '#f8fafc';
const HEADER = '#e2e8f0';
const IN_FILL = '#dbeafe';
const OUT_FILL = '#dcfce7';
const ORDER_FILL = '#ede9fe';
const CRITICAL = '#ea580c';
const CRITICAL_FILL = '#ffedd5';

/** One name only: Graphviz measures a text by the widths that it knows of a font, and it knows no lists. */
const FONT = 'Helvetica';

/** Room at the side of a text, also where another font than the measured one is drawn. */
const PAD = '&#160;&#160;';

export function printDot(picture: Picture): string {
  const edges = picture.edges.filter(({ kind }) => kind !== 'needs');
  const lines = [
    `digraph ${quote(picture.title)} {`,
    `  graph [rankdir=LR bgcolor="transparent" pad=0.3 nodesep=0.3 ranksep=${ranksep(picture)} fontname="${FONT}" fontsize=12 fontcolor="${FAINT_INK}" labelloc=t labeljust=l tooltip=${quote(picture.title)}]`,
    `  node [shape=plain fontname="${FONT}" fontsize=11 fontcolor="${INK}"]`,
    `  edge [color="${LINE}" penwidth=1.2 arrowsize=0.7]`,
    `  label=<${title(picture)}>`,
    ...picture.resources.flatMap(resourceLines),
    ...picture.foreignNames.map(
      ({ id, name }) =>
        `  ${id} [shape=box style="rounded,filled" fillcolor="${PAPER}" color="${LINE}" fontcolor="${INK}" margin="0.12,0.06" label=${quote(name)} tooltip=${quote(`${name}, of another stack or from outside`)}]`,
    ),
    ...outputsBox(picture),
    // What is drawn last lies on top.
    ...edges.filter(({ isCritical }) => !isCritical).map(edgeLine),
    ...edges.filter(({ isCritical }) => isCritical).map(edgeLine),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

/** Where all need all, the arrows between two columns are many, and steep ones cannot be told apart. */
function ranksep({ resources }: Picture): number {
  const framed = resources.filter(({ stages }) => stages.length > 1).length;
  return framed === 0 ? 1.1 : Math.min(1.4 + 0.25 * framed, 5);
}

function title({ title: text, criticalPath, edges, resources, foreignNames }: Picture): string {
  const ports = resources.flatMap(({ stages }) => stages.flatMap((stage) => [...stage.inputs, ...stage.outputs]));
  const legend = [
    ports.some(({ kind }) => kind === 'in') ? swatch(IN_FILL, 'input') : '',
    ports.some(({ kind }) => kind === 'out') ? swatch(OUT_FILL, 'attribute') : '',
    edges.some(({ kind }) => kind === 'dependsOn') ? swatch(ORDER_FILL, 'depends_on (dashed)') : '',
    criticalPath.length > 0 ? swatch(CRITICAL, 'critical path') : '',
    resources.some(({ isEnabled }) => !isEnabled) ? swatch('transparent', 'left out by its condition', 'DASHED') : '',
    foreignNames.length > 0 ? swatch(PAPER, 'of another stack, or from outside', 'ROUNDED') : '',
  ];
  const path = `critical path: ${shortened(criticalPath).map(escapeText).join(' &#8594; ')}`;
  return [
    '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4">',
    `<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="18"><B>${escapeText(text)}</B></FONT></TD></TR>`,
    criticalPath.length === 0
      ? ''
      : `<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="11" COLOR="${CRITICAL}">${path}</FONT></TD></TR>`,
    legend.join('') === ''
      ? ''
      : `<TR><TD ALIGN="LEFT"><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="2"><TR>${legend.join('')}</TR></TABLE></TD></TR>`,
    '<TR><TD HEIGHT="8"></TD></TR></TABLE>',
  ].join('');
}

const PATH_SHOWN_AT_MOST = 8;

function shortened(path: readonly string[]): readonly string[] {
  if (path.length <= PATH_SHOWN_AT_MOST) return path;
  return [...path.slice(0, 4), `(${path.length - 6} more)`, ...path.slice(-2)];
}

function swatch(colour: string, text: string, style = 'SOLID'): string {
  return `<TD BGCOLOR="${colour}" BORDER="1" COLOR="${LINE}" STYLE="${style}" FIXEDSIZE="TRUE" WIDTH="16" HEIGHT="12"></TD>${entry(text)}`;
}

function entry(text: string): string {
  return `<TD ALIGN="LEFT"><FONT POINT-SIZE="10">${escapeText(text)}&#160;&#160;&#160;</FONT></TD>`;
}

function resourceLines(resource: PictureResource): readonly string[] {
  const { id, name, type, stages } = resource;
  const tooltip = quote(`${name} (${type})`);
  if (stages.length === 1) {
    const [stage] = stages as [PictureStage];
    return [`  ${stage.id} [label=<${box(resource, stage)}> tooltip=${tooltip}]`];
  }
  return [
    `  subgraph cluster_${id} {`,
    `    label=<<FONT COLOR="${INK}"><B>${escapeText(name)}</B>  <FONT POINT-SIZE="9" COLOR="${FAINT_INK}">${escapeText(type)}</FONT></FONT>> labeljust=l margin=10 tooltip=${tooltip}`,
    `    style="rounded,filled" fillcolor="${HEADER}" color="${resource.isCritical ? CRITICAL : LINE}" penwidth=${resource.isCritical ? 2 : 1}`,
    ...stages.map((stage) => `    ${stage.id} [label=<${ports(stage)}> tooltip=${tooltip}]`),
    '  }',
  ];
}

/** A whole resource: its head, and below it the ports. */
function box({ name, type, isCritical, isEnabled }: PictureResource, stage: PictureStage): string {
  const colour = isCritical ? CRITICAL : LINE;
  const ink = isEnabled ? INK : FAINT_INK;
  const fill = isEnabled ? HEADER : 'transparent';
  const style = isEnabled ? 'ROUNDED' : 'ROUNDED,DASHED';
  return [
    `<TABLE BORDER="${isCritical ? 2 : 1}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" COLOR="${colour}" BGCOLOR="${fill}" STYLE="${style}">`,
    '<TR><TD HEIGHT="6"></TD></TR>',
    `<TR><TD ALIGN="LEFT"><FONT COLOR="${ink}"><B>${PAD}${escapeText(name)}${PAD}</B></FONT></TD></TR>`,
    `<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="9" COLOR="${FAINT_INK}">${PAD}${escapeText(type)}${PAD}</FONT></TD></TR>`,
    hasPorts(stage) ? `<TR><TD CELLPADDING="4">${ports(stage)}</TD></TR>` : '<TR><TD HEIGHT="6"></TD></TR>',
    '</TABLE>',
  ].join('');
}

function hasPorts({ inputs, outputs }: PictureStage): boolean {
  return inputs.length + outputs.length > 0;
}

function ports({ inputs, outputs }: PictureStage): string {
  const rows: string[] = [];
  for (let row = 0; row < Math.max(inputs.length, outputs.length); row += 1) {
    const left = inputs.length === 0 ? '' : portCell(inputs[row], 'LEFT');
    const right = outputs.length === 0 ? '' : portCell(outputs[row], 'RIGHT');
    rows.push(`<TR>${left}${right}</TR>`);
  }
  return `<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="4" CELLPADDING="4" COLOR="${LINE}">${rows.join('')}</TABLE>`;
}

function portCell(port: PicturePort | undefined, align: 'LEFT' | 'RIGHT'): string {
  if (port === undefined) return '<TD BORDER="0"></TD>';
  const { id, kind, label, isCritical } = port;
  const fill = isCritical ? CRITICAL_FILL : kind === 'in' ? IN_FILL : kind === 'out' ? OUT_FILL : ORDER_FILL;
  const frame = isCritical ? ` COLOR="${CRITICAL}" BORDER="2"` : '';
  const text = `&#160;${escapeText(label)}&#160;`;
  return `<TD PORT="${id}" ALIGN="${align}" BGCOLOR="${fill}"${frame}>${kind === 'in' || kind === 'out' ? text : `<I>${text}</I>`}</TD>`;
}

function outputsBox({ outputs }: Picture): readonly string[] {
  if (outputs.length === 0) return [];
  const rows = outputs.map(
    ({ id, name }) => `<TR><TD PORT="${id}" ALIGN="LEFT" BGCOLOR="${PAPER}">&#160;${escapeText(name)}&#160;</TD></TR>`,
  );
  const inner = `<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="4" CELLPADDING="4" COLOR="${LINE}">${rows.join('')}</TABLE>`;
  const table = `<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" COLOR="${LINE}" BGCOLOR="${HEADER}" STYLE="ROUNDED"><TR><TD ALIGN="LEFT"><I>${PAD}template outputs${PAD}</I></TD></TR><TR><TD>${inner}</TD></TR></TABLE>`;
  return [`  ${OUTPUTS_BOX} [label=<${table}> tooltip="template outputs"]`];
}

function edgeLine({ kind, from, to, text, isCritical }: PictureEdge): string {
  const attributes = [
    kind === 'dependsOn' ? 'style=dashed' : kind === 'output' ? 'style=dotted' : '',
    // The step from one part of a resource to the next: a mark of order, and no value.
    kind === 'then' ? 'style=dotted arrowhead=none' : '',
    isCritical ? `color="${CRITICAL}" penwidth=2.4` : '',
    `tooltip=${quote(text)}`,
  ].filter((attribute) => attribute !== '');
  return `  ${end(from, 'e')} -> ${end(to, 'w')} [${attributes.join(' ')}]`;
}

function end({ box: id, port }: PictureEdge['from'], side: 'e' | 'w'): string {
  return port === undefined ? `${id}:${side}` : `${id}:${port}:${side}`;
}

/** A string of DOT. Its only escape that cannot be left alone is the quote's; a backslash begins Graphviz's own ones. */
function quote(text: string): string {
  return `"${printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** A text in an HTML-like label. */
function escapeText(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return printable(text).replace(/[&<>"]/g, (char) => entities[char] as string);
}

/** XML has no way to write most control characters, not even as entities. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, '\ufffd');
}
