import { IN, labelOf, OUT, type PortGraph, startPort } from '../graph/port-graph.ts';
import type { StackInterface } from '../interface/interface.ts';
import type { Name } from '../names.ts';
import { MASK } from '../secrets.ts';
import type { StoredOutput } from '../store/stack-store.ts';
import { type ResolveScope, resolveExpression } from '../template/expression.ts';
import { type Json, sameJson } from '../values.ts';
import { isUnknown } from './changes.ts';
import { masked } from './property-changes.ts';

/** What a plan tells of one output of the template. */
export interface OutputChange {
  readonly output: string;
  readonly before: Json | undefined;
  /** What it will be; undefined when the template has it no more, and when that is not known before the run. */
  readonly after: Json | undefined;
  /** False: it reads from what changes, and may come out as it was. */
  readonly isKnown: boolean;
}

/** Another stack that has read values which may change or go. */
export interface AffectedStack {
  readonly space: string;
  readonly stack: string;
  readonly names: readonly Name[];
}

/** The inputs that read an attribute of the resource directly: `web.host`, each once. O(edges of the resource). */
export function readersOf(graph: PortGraph, resource: number): readonly string[] {
  const { successors, kinds, owners, names } = graph;
  const readers = new Set<string>();
  for (let port = startPort(graph, resource); port < startPort(graph, resource + 1); port += 1) {
    if (kinds[port] !== OUT) continue;
    for (let edge = successors.offsets[port] as number; edge < (successors.offsets[port + 1] as number); edge += 1) {
      const reader = successors.targets[edge] as number;
      if (kinds[reader] !== IN || owners[reader] === resource) continue;
      readers.add(`${names[owners[reader] as number]}.${labelOf(graph, reader)}`);
    }
  }
  return [...readers];
}

/** The template outputs that change, or may; `before` are those of the stack as it is. */
export function outputChanges(
  stack: StackInterface,
  before: { readonly [name: string]: StoredOutput },
  scope: ResolveScope,
  isChanging: (index: number) => boolean,
  mask: (text: string) => string,
): readonly OutputChange[] {
  const changes: OutputChange[] = [];
  const given = new Map(stack.outputs.map((output) => [output.definition.name, output]));
  const names = new Set([...Object.keys(before), ...stack.template.outputs.keys()]);
  for (const output of names) {
    const stored = Object.hasOwn(before, output) ? before[output]?.value : undefined;
    const interfaceOf = given.get(output);
    const isKnown = interfaceOf === undefined || !isUnknown(stack, interfaceOf.references, isChanging);
    // One whose condition does not hold is null, as under Heat.
    const absent = stack.template.outputs.has(output) ? null : undefined;
    const after = !isKnown
      ? undefined
      : interfaceOf === undefined
        ? absent
        : resolved(interfaceOf.definition.value, scope);
    const isSame = stored === undefined || after === undefined ? stored === after : sameJson(stored, after);
    if (isKnown && isSame) continue;
    const isSecret = Object.hasOwn(before, output) && before[output]?.secrecy !== undefined;
    const shown = isSecret && stored !== undefined ? MASK : masked(stored, mask);
    changes.push({ output, before: shown, after: masked(after, mask), isKnown });
  }
  return changes;
}

function resolved(value: Parameters<typeof resolveExpression>[0], scope: ResolveScope): Json {
  try {
    return resolveExpression(value, scope) ?? null;
  } catch {
    // One that cannot be resolved is null, with the error beside it.
    return null;
  }
}
