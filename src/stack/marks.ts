import type { ResourceInterface } from '../interface/interface.ts';
import { secretMarks } from '../scheduler/secret-marks.ts';
import { type Conceal, concealer } from '../secrets.ts';
import type { StoreChange } from '../store/stack-store.ts';
import type { Analysis } from './analyse.ts';

/** What makes the properties of the stack's resources fit to be stored and compared. */
export function concealOf({ secrets, reads }: Analysis, stackId: string): Conceal<ResourceInterface> {
  return concealer(secrets, (resource) => reads.inputsOf(resource), stackId);
}

/** What marks the secrets of the stack in what is stored. */
export function marksOf({ secrets, reads }: Analysis): (change: StoreChange) => StoreChange {
  if (!reads.hasSecrets) return secretMarks({ secrets });
  return secretMarks({ secrets, declared: (resource, attribute) => reads.ofAttribute(resource, attribute) });
}
