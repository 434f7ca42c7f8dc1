import {
  ActionCancelled,
  ConflictingWrite,
  UndeclaredRead,
  UndeclaredWrite,
  UnwrittenAttribute,
  UpdateReplace,
  WriterFailed,
} from '../errors.ts';
import type { ResourceInterface } from '../interface/interface.ts';
import type { SourceLocation } from '../source.ts';
import { listNames, suggest } from '../wording.ts';

/** It asks for something after its end. */
export function runHasEnded({ name }: ResourceInterface): ActionCancelled {
  return new ActionCancelled({
    what: `The run of '${name}' has ended.`,
    why: 'Its handler returned, failed, or was given up after a cancel or a time-out.',
    fix: 'Let the handler await what it starts, and stop when its signal fires.',
  });
}

export function inputFailed(resource: ResourceInterface, input: string, cause: unknown): WriterFailed {
  return readFailed(resource, `${resource.name}.${input}`, cause);
}

/** `what`: the printed name that is read. */
export function readFailed({ name }: ResourceInterface, what: string, cause: unknown): WriterFailed {
  return new WriterFailed({
    what: `'${name}' cannot read ${what}: its writer failed.`,
    why: 'A value whose writer failed will never be written.',
    cause,
  });
}

export function undeclaredRead(resource: ResourceInterface, input: string): UndeclaredRead {
  const inputs = [...Object.keys(resource.type.properties), ...Object.keys(resource.definition.inputs)];
  return new UndeclaredRead({
    what: `The handler of '${resource.name}' read the input '${input}', which it does not have.`,
    where: placeOf(resource),
    why: `Its inputs are ${listNames(inputs)}.`,
    fix: `${suggest(input, inputs)}Declare the property in the type, or the alias in the resource's section 'inputs'.`,
  });
}

export function undeclaredWrite(resource: ResourceInterface, attribute: string): UndeclaredWrite {
  const { name, type, outputs } = resource;
  return new UndeclaredWrite({
    what: `The handler of '${name}' wrote the attribute '${attribute}', which is not declared.`,
    where: placeOf(resource),
    why: `Readers rely on the declaration; type ${type.name} declares ${listNames(Object.keys(outputs))} here.`,
    fix: `${suggest(attribute, Object.keys(outputs))}Declare the attribute in the type, or in the resource's section 'outputs'.`,
  });
}

export function unwritten(resource: ResourceInterface, attribute: string): UnwrittenAttribute {
  const { name, type } = resource;
  return new UnwrittenAttribute({
    what: `The handler of '${name}' ended without having written '${attribute}'.`,
    where: placeOf(resource),
    why: `Type ${type.name} declares the attribute, and whoever reads it would wait for ever.`,
    fix: 'Write it (null is a value), or declare it as optional.',
  });
}

export function writtenTwice(resource: ResourceInterface, attribute: string): ConflictingWrite {
  return new ConflictingWrite({
    what: `The handler of '${resource.name}' wrote '${attribute}' twice with different values.`,
    where: placeOf(resource),
    why: 'A name is written once in an operation: somebody may have read the first value.',
    fix: 'Write the final value once, or use two attributes.',
  });
}

/** Another value than an interrupted attempt has published and somebody has read. */
export function writtenOtherwiseThanBefore(resource: ResourceInterface, attribute: string): ConflictingWrite {
  return new ConflictingWrite({
    what: `The handler of '${resource.name}' wrote '${attribute}' again, with another value than before the engine was stopped.`,
    where: placeOf(resource),
    why: 'A resource that is complete, or another stack, has been made with the first value.',
    fix: `Delete the stack and create it again, or let the handler of ${resource.type.name} write the same value each time.`,
  });
}

/** Another value than was confirmed before the resource was decided about. */
export function writtenOtherwiseThanConfirmed(resource: ResourceInterface, attribute: string): ConflictingWrite {
  const { name, type } = resource;
  return new ConflictingWrite({
    what: `The handler of '${name}' wrote '${attribute}' with another value than others have got of it in this update.`,
    where: placeOf(resource),
    why: `'${name}' reads something that depends on itself, so the value was told before it was known whether '${name}' changes.`,
    fix: `Let the handler of ${type.name} keep the value in an update, or give '${name}' another name, by which it is made anew.`,
  });
}

export function cameOutDifferent({ name }: ResourceInterface, property: string): UpdateReplace {
  return new UpdateReplace({
    what: `The property '${property}' of '${name}' has come out different, and cannot be changed in place.`,
    why: 'It came in while the update was at work, since the two wait for each other in a circle.',
  });
}

function placeOf({ template, definition }: ResourceInterface): SourceLocation {
  return template.source.locate(definition.path);
}
