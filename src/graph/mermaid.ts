import type { StackInterface } from '../interface/interface.ts';
import { OUTPUTS_BOX, type Picture, type PictureEdge, type PictureResource, pictureOf } from './picture.ts';
import type { PortGraph } from './port-graph.ts';

/**
 * The graph as a Mermaid flowchart, which GitHub and many editors draw inside Markdown. Mermaid has no ports, so a
 * resource is a frame and its ports are nodes in it: inputs with a notch, attributes rounded; a line
 * without an arrowhead leads from an input to what is written only after it. The same graph gives
 * the same text. The graph must be acyclic.
 */
export function toMermaid(stack: StackInterface, graph: PortGraph): string {
  return printMermaid(pictureOf(stack, graph));
}

export function printMermaid(picture: Picture): string {
  const edges = picture.edges.filter(({ kind }) => kind !== 'then');
  const critical = edges.flatMap(({ isCritical }, index) => (isCritical ? [index] : []));
  const lines = [
    '---',
    `title: ${JSON.stringify(picture.title)}`,
    '---',
    'flowchart LR',
    ...picture.resources.flatMap(resourceLines),
    ...picture.foreignNames.map(({ id, name }) => `  ${id}[/${quote(name)}/]:::foreign`),
    ...outputsBox(picture),
    ...edges.map(edgeLine),
    '  classDef input fill:#dbeafe,stroke:#7c8ba1,color:#1e293b',
    '  classDef attribute fill:#dcfce7,stroke:#7c8ba1,color:#1e293b',
    '  classDef order fill:#ede9fe,stroke:#7c8ba1,color:#1e293b',
    '  classDef foreign fill:#f8fafc,stroke:#7c8ba1,color:#1e293b,stroke-dasharray:4 3',
    '  classDef output fill:#f8fafc,stroke:#7c8ba1,color:#1e293b',
    '  classDef critical fill:#ffedd5,stroke:#ea580c,color:#1e293b,stroke-width:2px',
    '  classDef leftOut fill:none,stroke:#7c8ba1,color:#708097,stroke-dasharray:4 3',
    ...(critical.length === 0 ? [] : [`  linkStyle ${critical.join(',')} stroke:#ea580c,stroke-width:3px`]),
  ];
  return `${lines.join('\n')}\n`;
}

function resourceLines({ id, name, type, isEnabled, isCritical, stages }: PictureResource): readonly string[] {
  const label = quote(name, type);
  if (!isEnabled) return [`  ${id}[${label}]:::leftOut`];
  const nodes = stages.flatMap((stage) => [...stage.inputs, ...stage.outputs].map((port) => ({ stage, port })));
  // A frame without nodes is not drawn.
  if (nodes.length === 0) return [`  ${id}[${label}]${isCritical ? ':::critical' : ''}`];
  return [
    `  subgraph ${id}[${label}]`,
    ...nodes.map(({ stage, port }) => {
      const text = quote(port.label);
      const shape = port.kind === 'in' ? `>${text}]` : port.kind === 'out' ? `([${text}])` : `{{${text}}}`;
      const name = port.isCritical
        ? 'critical'
        : port.kind === 'in'
          ? 'input'
          : port.kind === 'out'
            ? 'attribute'
            : 'order';
      return `    ${stage.id}${port.id}${shape}:::${name}`;
    }),
    '  end',
  ];
}

function outputsBox({ outputs }: Picture): readonly string[] {
  if (outputs.length === 0) return [];
  return [
    `  subgraph ${OUTPUTS_BOX}["template outputs"]`,
    ...outputs.map(({ id, name }) => `    ${OUTPUTS_BOX}${id}[${quote(name)}]:::output`),
    '  end',
  ];
}

function edgeLine({ kind, from, to, isCritical }: PictureEdge): string {
  const arrow = kind === 'needs' ? '---' : kind === 'reads' ? (isCritical ? '==>' : '-->') : '-.->';
  return `  ${nodeId(from)} ${arrow} ${nodeId(to)}`;
}

function nodeId({ box, port = '' }: PictureEdge['from']): string {
  return `${box}${port}`;
}

/** A text of Mermaid, whose entities begin with `#`: https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters */
function quote(text: string, secondLine?: string): string {
  const second = secondLine === undefined ? '' : `<br/><small>${escapeText(secondLine)}</small>`;
  return `"${escapeText(text)}${second}"`;
}

function escapeText(text: string): string {
  const entities: Record<string, string> = { '&': '#amp;', '<': '#lt;', '>': '#gt;', '"': '#quot;', '#': '#35;' };
  return text.replace(/[\u0000-\u001f\u007f]/g, '\ufffd').replace(/[&<>"#`]/g, (char) => entities[char] ?? '#96;');
}
