import type { ResourceEvent, StackEvent } from '../../events.ts';
import type { DeclaredNames, Name } from '../../names.ts';
import type { Json } from '../../values.ts';
import type {
  Claimant,
  OperationRecord,
  PreviousDefinition,
  ResourceRecord,
  SnapshotRecord,
  StackDefinition,
  StackRecord,
} from '../stack-store.ts';
import { resourceEventOf } from '../stored-stack.ts';
import type { Bound, Row } from './database.ts';

function definitionOf({ template, files, parameters, environment }: StackDefinition): StackDefinition {
  return { template, files, parameters, environment };
}

export function previousOf(previous: PreviousDefinition): PreviousDefinition {
  const { namesBefore, moved } = previous;
  // JSON leaves out what is undefined.
  return { ...definitionOf(previous), namesBefore, moved };
}

/** Without `declared` the last column is null: it stays as it is. */
export function definitionColumns(
  definition: StackDefinition,
  declared: DeclaredNames | undefined,
): readonly (string | null)[] {
  const { template, files, parameters, environment } = definition;
  const names =
    declared && Object.fromEntries([...declared.keys()].map((resource) => [resource, declared.get(resource)]));
  return [...[template, files, parameters, environment].map(text), names === undefined ? null : text(names)];
}

/** An event as a row has it: whole, or of a resource's event what differs between those of one stack. */
export type TextEvent =
  | StackEvent
  | ResourceEvent
  | readonly [number, string, string, string | null, ResourceRecord['action'], ResourceRecord['status'], string];

export function textEvent(record: ResourceRecord): TextEvent {
  const { updatedAt, name, replacedName, type, resourceId, action, status, reason } = record;
  return [updatedAt, replacedName ?? name, type, resourceId ?? null, action, status, reason];
}

export function eventOf(event: TextEvent, { space, stack }: { readonly space: string; readonly stack: string }) {
  if (!('length' in event)) return event.type === 'resource' ? { ...event, resourceId: event.resourceId } : event;
  const [updatedAt, name, type, resourceId, action, status, reason] = event;
  return resourceEventOf(
    { updatedAt, name, type, resourceId: resourceId ?? undefined, action, status, reason },
    { space, stack },
  );
}

/**
 * A segment of a name as a column has it: itself, or with `\` escapes as in a JSON text where it has characters that
 * SQLite's text cannot carry (NUL, half a surrogate pair) or that begin an escape.
 */
export function storedSegment(segment: string): string {
  return /[\\"\u0000-\u001f\ud800-\udfff]/.test(segment) ? JSON.stringify(segment).slice(1, -1) : segment;
}

export function segmentOf(column: Bound | undefined): string {
  const stored = String(column);
  return stored.includes('\\') ? JSON.parse(`"${stored}"`) : stored;
}

export function text(value: unknown): string {
  return JSON.stringify(value);
}

export function jsonOf(column: Bound | undefined): Json {
  return JSON.parse(column as string);
}

/** Whether the stack of the row declares the name. */
export function declaredBy(row: Row | undefined, [, , resource, attribute]: Name): boolean {
  if (row === undefined) return false;
  const declared = new Map<string, readonly string[]>(Object.entries(JSON.parse(row[0] as string)));
  return declared.get(resource)?.includes(attribute) === true;
}

/** The documents are parsed when they are asked for: a list of stacks needs none of them. */
export function stackOf([
  id,
  space,
  name,
  state,
  outputs,
  document,
  files,
  parameters,
  environment,
  previous,
]: Row): StackRecord {
  let parsedDocument: StackRecord['template'] | undefined;
  let parsedFiles: StackRecord['files'] | undefined;
  return {
    ...(previous === null ? {} : { previous: jsonOf(previous) as unknown as PreviousDefinition }),
    id: id as string,
    space: segmentOf(space),
    name: segmentOf(name),
    ...stateOf(state),
    parameters: jsonOf(parameters) as StackRecord['parameters'],
    environment: jsonOf(environment) as StackRecord['environment'],
    outputs: outputsOf(outputs),
    get template() {
      parsedDocument ??= jsonOf(document) as StackRecord['template'];
      return parsedDocument;
    },
    get files() {
      parsedFiles ??= jsonOf(files) as StackRecord['files'];
      return parsedFiles;
    },
  };
}

export function snapshotOf([id, state, document, files, parameters, environment]: Row): SnapshotRecord {
  return {
    ...(JSON.parse(state as string) as Omit<SnapshotRecord, 'id' | 'definition'>),
    id: id as string,
    definition: {
      template: jsonOf(document) as StackDefinition['template'],
      files: jsonOf(files) as StackDefinition['files'],
      parameters: jsonOf(parameters) as StackDefinition['parameters'],
      environment: jsonOf(environment) as StackDefinition['environment'],
    },
  };
}

type StackState = Pick<
  StackRecord,
  'action' | 'status' | 'reason' | 'createdAt' | 'updatedAt' | 'tags' | 'rollback' | 'restoring' | 'moved'
>;

export function stateOf(column: Bound | undefined): StackState {
  return JSON.parse(column as string);
}

/** JSON leaves out what is undefined; the records say so. */
function outputsOf(column: Bound | undefined): StackRecord['outputs'] {
  const outputs = JSON.parse(column as string) as StackRecord['outputs'];
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { description, value, error }]) => [name, { description, value, error }]),
  );
}

export function resourceOf(column: Bound | undefined): ResourceRecord {
  return { resourceId: undefined, ...JSON.parse(column as string) };
}

export function operationOf(column: Bound | undefined): OperationRecord {
  const { reason, startedAt, endedAt, ...others } = JSON.parse(column as string) as OperationRecord;
  return { ...others, reason, startedAt, endedAt };
}

export function claimantOf(column: Bound | undefined): Claimant | undefined {
  return column === null || column === undefined ? undefined : JSON.parse(column as string);
}
