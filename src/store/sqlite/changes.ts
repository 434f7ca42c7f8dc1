import type { DeclaredNames, Name } from '../../names.ts';
import { writtenOutside } from '../../refusals.ts';
import type { Json, JsonObject } from '../../values.ts';
import type { StoreChange } from '../stack-store.ts';
import { checkChange } from '../stored-stack.ts';
import { all, type Bound, type Row, run } from './database.ts';
import {
  definitionColumns,
  jsonOf,
  previousOf,
  segmentOf,
  storedSegment,
  type TextEvent,
  text,
  textEvent,
} from './rows.ts';
import { type Statements, storeRows } from './statements.ts';

/** Stores a batch within a transaction; returns how many of the changes are events. */
export function storeChanges(statements: Statements, key: number, changes: readonly StoreChange[]): number {
  const resources: Bound[] = [];
  const published: Bound[] = [];
  const reads: Bound[] = [];
  const events: TextEvent[] = [];
  const storeResources = (): void => {
    storeRows(statements.setResources, resources);
    storeRows(statements.setPublished, published);
  };
  for (const each of changes) {
    const change = checkChange(each);
    switch (change.kind) {
      case 'stack': {
        const { action, status, reason, time } = change;
        run(statements.setState, key, text({ action, status, reason, updatedAt: time }));
        break;
      }
      case 'definition': {
        const { definition, previous, declared, rollback, tags, restoring = null, moved = null } = change;
        const [space, name] = (all(statements.nameOfStack, key)[0] as Row).map(segmentOf) as [string, string];
        if (declared !== undefined) refuseWrittenOutside(statements, [space, name], declared);
        const before = previous === undefined ? null : text(previousOf(previous));
        run(statements.setTemplate, key, ...definitionColumns(definition, declared), before);
        run(statements.setState, key, text({ rollback, tags, restoring, moved }));
        break;
      }
      case 'outputs':
        run(statements.setOutputs, key, text(change.outputs));
        break;
      case 'resource': {
        const { record, values, isEvent } = change;
        resources.push(key, storedSegment(record.name), text(record), values === undefined ? null : text(values));
        if (isEvent === true) events.push(textEvent(record));
        break;
      }
      case 'resourceGone': {
        // Order matters between a resource's records and its end, and nowhere else.
        storeResources();
        const resource = storedSegment(change.resource);
        run(statements.removeResource, key, resource);
        run(statements.removePublished, key, resource);
        break;
      }
      case 'snapshot': {
        const { id, definition, ...state } = change.snapshot;
        const { template, files, parameters, environment } = definition;
        run(statements.addSnapshot, key, id, text(state), ...[template, files, parameters, environment].map(text));
        break;
      }
      case 'snapshotState': {
        const { id, action, status, reason } = change;
        run(statements.setSnapshotState, key, id, text({ action, status, reason }));
        break;
      }
      case 'resourceSnapshot': {
        const { record, data } = change.resource;
        const kept = data === undefined ? null : text(data);
        run(statements.setResourceSnapshot, key, change.id, storedSegment(record.name), text(record), kept);
        break;
      }
      case 'snapshotGone':
        for (const statement of statements.removeSnapshot) run(statement, key, change.id);
        break;
      case 'hook': {
        const { resource, hook, state } = change;
        run(statements.setState, key, text({ hooks: { [resource]: { [hook]: state ?? null } } }));
        break;
      }
      case 'hooksGone':
        run(statements.setState, key, text({ hooks: null }));
        break;
      case 'value':
        published.push(key, storedSegment(change.resource), storedSegment(change.attribute), text(change.value));
        break;
      case 'read':
        reads.push(key, ...change.name.map(storedSegment), text(change.value));
        break;
      case 'reads':
        reads.length = 0;
        run(statements.removeReads, key);
        for (const { name, value } of change.reads) reads.push(key, ...name.map(storedSegment), text(value));
        break;
      case 'event':
        events.push(change.event);
        break;
      default:
        change satisfies never;
    }
  }
  storeResources();
  storeRows(statements.setReads, reads);
  if (events.length > 0) run(statements.addEvents, key, events.length, text(events));
  return events.length;
}

/** Throws ConflictingWrite when somebody outside has written one of the names that the stack is to write. */
export function refuseWrittenOutside(
  statements: Statements,
  [space, stack]: readonly [space: string, stack: string],
  declared: DeclaredNames,
): void {
  for (const [resource, attribute] of all(statements.outsideOfStack, storedSegment(space), storedSegment(stack))) {
    const written: Name = [space, stack, segmentOf(resource), segmentOf(attribute)];
    if (declared.get(written[2])?.includes(written[3]) === true) throw writtenOutside(written);
  }
}

/** What a stack has published under the name. */
export function publishedValue(statements: Statements, name: Name): Json | undefined {
  const segments = name.map(storedSegment) as [string, string, string, string];
  const row = all(statements.publishedByName, ...segments)[0];
  if (row !== undefined) return jsonOf(row[0]);
  const [space, stack, resource] = segments;
  const result = all(statements.resultByName, space, stack, resource)[0];
  if (result === undefined) return undefined;
  const values = jsonOf(result[0]) as JsonObject;
  return Object.hasOwn(values, name[3]) ? values[name[3]] : undefined;
}
