/** The way from the top of a document to a node in it: mapping keys and sequence indexes. */
export type Path = readonly (string | number)[];

/** A place in a text. `line` and `column` count from 1; both are absent where the document was built by a program. */
export interface SourceLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly path: Path;
  /** The text of that line, for an excerpt with a caret. */
  readonly excerpt?: string;
}

/** Where a document came from. Positions are looked up on demand, since only an error needs them. */
export interface Source {
  /** The file's name as the user gave it, or a name in angle brackets such as `<template>`. */
  readonly file: string;
  /** The place of the node at `path`, or of its nearest existing parent. Parses the text once more at the first call. */
  locate(path: Path): SourceLocation;
}

/** A source without a text: a document that a program built. */
export function builtSource(file = '<template>'): Source {
  return { file, locate: (path) => ({ file, path }) };
}

/** `resources.web.properties.ports[0]`. */
export function printPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** `app.yaml:14:22  resources.web.properties.host`, leaving out what is not known. */
export function printLocation(location: SourceLocation): string {
  const position = location.line === undefined ? '' : `:${location.line}:${location.column ?? 1}`;
  const path = printPath(location.path);
  return path === '' ? `${location.file}${position}` : `${location.file}${position}  ${path}`;
}
