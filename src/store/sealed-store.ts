import type { DeclaredNames, Name } from '../names.ts';
import { asJson, type Json } from '../values.ts';
import { after } from './after.ts';
import type { Keyring } from './keyring.ts';
import { Opener } from './opener.ts';
import { SealedStacks } from './sealed-stacks.ts';
import { Sealer } from './sealer.ts';
import type {
  Claim,
  Claimant,
  MaybePromise,
  OperationRecord,
  ResourceRecord,
  ResourceSnapshot,
  SnapshotRecord,
  StackRecord,
  StackStore,
  StoreChange,
  StoredEntry,
  StoredEvent,
  StoredRead,
  StoredValue,
} from './stack-store.ts';
import { isKept, keepValue } from './stored-value.ts';

/**
 * A store over another one, which gets nothing secret to keep as it is: what is marked as secret is sealed on its way in,
 * and opened on its way out. Without a keyring it keeps secrets as they are, but for the values of hidden parameters, which
 * are then not kept at all; and it refuses to write a secret into a stack that was sealed before.
 *
 * A stack that is stored with a key has a sealed mark of its own, whether it has secrets or not, so that a missing or wrong
 * key is found before anything is done. What is sealed and cannot be opened is missing: reading goes on, and whoever needs
 * the value throws EncryptionKeyMissing.
 */
export class SealedStore implements StackStore {
  readonly #inner: StackStore;
  readonly #sealed = new SealedStacks();
  readonly #sealer: Sealer;
  readonly #opener: Opener;

  constructor(inner: StackStore, keyring: Keyring | undefined) {
    this.#inner = inner;
    this.#sealer = new Sealer(keyring, this.#sealed);
    this.#opener = new Opener(keyring, this.#sealed);
  }

  get isShared(): boolean {
    return this.#inner.isShared;
  }

  createStack(record: StackRecord, claimant: Claimant, declared?: DeclaredNames): MaybePromise<Claim> {
    const { id, previous, outputs } = record;
    const kept = {
      ...this.#sealer.definition(id, record, 'current'),
      ...(previous === undefined ? {} : { previous: this.#sealer.definition(id, previous, 'previous') }),
      outputs: this.#sealer.outputs(id, outputs),
    };
    return this.#inner.createStack(kept, claimant, declared);
  }

  findStack(space: string, name: string): MaybePromise<StackRecord | undefined> {
    return after(this.#inner.findStack(space, name), (record) => record && this.#opener.stack(record));
  }

  listStacks(): MaybePromise<readonly StackRecord[]> {
    return after(this.#inner.listStacks(), (records) => records.map((record) => this.#opener.stack(record)));
  }

  resources(stackId: string): MaybePromise<readonly ResourceRecord[]> {
    return after(this.#inner.resources(stackId), (records) =>
      records.map((record) => this.#opener.resource(stackId, record)),
    );
  }

  values(stackId: string): MaybePromise<readonly StoredValue[]> {
    return after(this.#inner.values(stackId), (values) => values.map((value) => this.#opener.value(stackId, value)));
  }

  snapshots(stackId: string): MaybePromise<readonly SnapshotRecord[]> {
    return after(this.#inner.snapshots(stackId), (snapshots) =>
      snapshots.map((snapshot) => this.#opener.snapshot(stackId, snapshot)),
    );
  }

  resourceSnapshots(snapshotId: string): MaybePromise<readonly ResourceSnapshot[]> {
    return after(this.#inner.resourceSnapshots(snapshotId), (resources) =>
      resources.map((resource) => this.#opener.resourceSnapshot(snapshotId, resource)),
    );
  }

  events(stackId: string, afterSequence?: number): MaybePromise<readonly StoredEvent[]> {
    return this.#inner.events(stackId, afterSequence);
  }

  history(stackId: string): MaybePromise<readonly OperationRecord[]> {
    return this.#inner.history(stackId);
  }

  claim(stackId: string, claimant: Claimant): MaybePromise<Claim> {
    return this.#inner.claim(stackId, claimant);
  }

  renew(claim: Claim): MaybePromise<void> {
    return this.#inner.renew(claim);
  }

  release(claim: Claim): MaybePromise<void> {
    return this.#inner.release(claim);
  }

  holder(stackId: string): MaybePromise<Claimant | undefined> {
    return this.#inner.holder(stackId);
  }

  /** Throws EncryptionKeyMissing, too. */
  append(claim: Claim, changes: readonly StoreChange[]): MaybePromise<void> {
    let kept: StoreChange[] | undefined;
    for (let index = 0; index < changes.length; index += 1) {
      const change = changes[index] as StoreChange;
      // Nearly every change, and the only kind of which there are many.
      const isResource = change.kind === 'resource';
      const keptChange = isResource
        ? this.#sealer.resource(claim.stackId, change)
        : this.#sealer.change(claim.stackId, change);
      if (keptChange === change) continue;
      kept ??= [...changes];
      kept[index] = keptChange;
    }
    return this.#inner.append(claim, kept ?? changes);
  }

  removeStack(claim: Claim): MaybePromise<void> {
    return after(this.#inner.removeStack(claim), () => void this.#sealed.forget(claim.stackId));
  }

  writeOutside(name: Name, value: Json): MaybePromise<void> {
    return this.#inner.writeOutside(name, keepValue(asJson(value), undefined, ['', ...name], undefined));
  }

  find(name: Name): MaybePromise<StoredEntry | undefined> {
    return after(this.#inner.find(name), (entry) => {
      if (entry === undefined || !('value' in entry) || !isKept(entry.value)) return entry;
      const [space, stack] = name;
      const { value } = entry;
      return after(this.#inner.findStack(space, stack), (record) => this.#opener.entry(record?.id ?? '', name, value));
    });
  }

  readersOf(space: string, stack: string): ReturnType<StackStore['readersOf']> {
    return this.#inner.readersOf(space, stack);
  }

  reads(stackId: string): MaybePromise<readonly StoredRead[]> {
    return after(this.#inner.reads(stackId), (reads) => reads.map((read) => this.#opener.read(stackId, '', read)));
  }

  revision(): MaybePromise<number> {
    return this.#inner.revision();
  }

  close(): MaybePromise<void> {
    return this.#inner.close();
  }
}
