import type { Colors } from './io.ts';

/** How a piece of text is meant; a terminal without colours loses nothing but that. */
export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'bad' | 'busy' | 'warn' | 'accent';
export type Span = readonly [text: string, tone?: Tone];
/** A line as pieces, so that it can be measured and cut before colours are put in. */
export type Line = readonly Span[];

/** The width of a line in columns, counting a character as one. */
export function widthOf(line: Line): number {
  return line.reduce((width, [text]) => width + [...text].length, 0);
}

/** The line cut to `width` columns, with an ellipsis where something is lost. */
export function cutLine(line: Line, width: number): Line {
  if (widthOf(line) <= width) return line;
  const cut: Span[] = [];
  let left = Math.max(width - 1, 0);
  for (const [text, tone = 'plain'] of line) {
    const chars = [...text];
    cut.push([chars.slice(0, left).join(''), tone]);
    left -= chars.length;
    if (left <= 0) break;
  }
  return [...cut, ['…', 'dim']];
}

/** The text in lines of at most `width` columns, broken at spaces where there are any. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while ([...rest].length > width && width > 0) {
    const chars = [...rest];
    const space = chars.slice(0, width + 1).lastIndexOf(' ');
    const at = space > 0 ? space : width;
    lines.push(chars.slice(0, at).join(''));
    rest = chars.slice(at).join('').trimStart();
  }
  return [...lines, rest];
}

/** The line in lines of at most `width` columns, broken after spaces; all but the first begin with `indent` spaces. */
export function wrapLine(line: Line, width: number, indent: number): readonly Line[] {
  if (widthOf(line) <= width) return [line];
  const lines: Span[][] = [[]];
  let used = 0;
  for (const [text, tone = 'plain'] of line) {
    for (const word of text.split(/(?<= )(?! )/)) {
      const length = [...word.trimEnd()].length;
      if (used + length > width && used > indent) {
        lines.push([[' '.repeat(indent)]]);
        used = indent;
      }
      lines.at(-1)?.push([word, tone]);
      used += [...word].length;
    }
  }
  return lines;
}

export function paintLine(line: Line, colors: Colors): string {
  return line.map(([text, tone = 'plain']) => paint(text, tone, colors)).join('');
}

function paint(text: string, tone: Tone, colors: Colors): string {
  switch (tone) {
    case 'plain':
      return text;
    case 'dim':
      return colors.dim(text);
    case 'strong':
      return colors.bold(text);
    case 'good':
      return colors.green(text);
    case 'bad':
      return colors.red(text);
    case 'busy':
      return colors.cyan(text);
    case 'warn':
      return colors.yellow(text);
    case 'accent':
      return colors.bold(colors.cyan(text));
    default:
      return tone satisfies never;
  }
}

/** `text` with spaces after it up to `width`. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}

/** `0.4 s`, `12.3 s`, `2 min 03 s`, `1 h 02 min`. */
export function printDuration(ms: number): string {
  const tenths = Math.round(Math.max(0, ms) / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** The tone of a state of Heat. */
export function toneOfState(state: string): Tone {
  if (state.endsWith('_FAILED')) return 'bad';
  if (state.endsWith('_COMPLETE'))
    return state.startsWith('ROLLBACK') ? 'warn' : state === 'INIT_COMPLETE' ? 'dim' : 'good';
  return 'busy';
}
