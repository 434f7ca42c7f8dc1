import { InternalError } from '../errors.ts';
import type { StackInterface } from '../interface/interface.ts';
import { toDot } from './dot.ts';
import type { PortGraph } from './port-graph.ts';

/**
 * The graph as a picture: the DOT text of `toDot`, drawn by Graphviz, which comes as WebAssembly in the package
 * @viz-js/viz and is loaded at the first call (1.5 MB). Colours fit a white page and a dark one; an arrow under the
 * pointer is emphasised, and tells what it carries. The graph must be acyclic.
 */
export async function toSvg(stack: StackInterface, graph: PortGraph): Promise<string> {
  const { instance } = await import('@viz-js/viz');
  const drawn = (await instance()).render(toDot(stack, graph), { format: 'svg' });
  if (drawn.status !== 'success') {
    const messages = drawn.errors.map(({ message }) => message).join('; ');
    throw new InternalError(`The picture of stack '${stack.stack}' could not be drawn: ${messages}.`);
  }
  return embeddable(drawn.output);
}

// Arial and Liberation Sans have the widths of Helvetica, by which the text was measured.
const STYLE =
  '<style>text{font-family:Helvetica,Arial,"Liberation Sans",sans-serif}.edge:hover path{stroke-width:3.5;stroke-dasharray:none}.edge:hover polygon{stroke-width:3.5}</style>';

/** Without the prologue and the comments, so that the text can also stand in an HTML page. */
function embeddable(svg: string): string {
  return svg
    .slice(svg.indexOf('<svg'))
    .replace(/<!--[\s\S]*?-->\n?/g, '')
    .replace(/(<svg[^>]*>)/, `$1\n${STYLE}`);
}
