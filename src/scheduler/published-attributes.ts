import { type Json, type JsonObject, setOwn } from '../values.ts';

interface Published {
  readonly value: Json;
  /** Resolves when it is stored. */
  readonly stored: Promise<void>;
}

interface Waiter {
  readonly attributes: readonly string[];
  readonly resolve: () => void;
}

/** What a handler has published while it runs. */
export class PublishedAttributes {
  readonly #published = new Map<string, Published>();
  #waiters: readonly Waiter[] = [];

  has(attribute: string): boolean {
    return this.#published.has(attribute);
  }

  get(attribute: string): Published | undefined {
    return this.#published.get(attribute);
  }

  add(attribute: string, published: Published): void {
    this.#published.set(attribute, published);
    this.#tellWaiters();
  }

  values(): JsonObject {
    const values: Record<string, Json> = {};
    for (const [attribute, { value }] of this.#published) setOwn(values, attribute, value);
    return values;
  }

  /** Resolves when all of `attributes` have been published. */
  whenAll(attributes: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters = [...this.#waiters, { attributes, resolve }];
      this.#tellWaiters();
    });
  }

  #tellWaiters(): void {
    const done = this.#waiters.filter(({ attributes }) => attributes.every((attribute) => this.has(attribute)));
    if (done.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !done.includes(waiter));
    for (const { resolve } of done) resolve();
  }
}
