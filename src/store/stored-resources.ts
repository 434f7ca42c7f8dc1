import { type Json, type JsonObject, setOwn } from '../values.ts';
import type { ResourceRecord } from './stack-store.ts';

/**
 * The resources of one stack in memory, with their values, in the order in which they were first stored.
 *
 * They lie in columns, and are found by the numbers that changes tell (see StoreChange): of 100,000 resources that are
 * created, each one's own object and its entry in a table of names take 1 us more. The table is made when somebody asks by
 * name.
 */
export class StoredResources {
  // By place. Of a resource that was removed nothing is left but its place.
  #names: (string | undefined)[] = [];
  /** Undefined while only values are stored. */
  #records: (ResourceRecord | undefined)[] = [];
  /** What the last step of each has published. */
  #results: (JsonObject | undefined)[] = [];
  /** What was published by itself. */
  #published = new Map<number, Record<string, Json>>();
  /** By name, of the places below `#indexed`. */
  #places = new Map<string, number>();
  #indexed = 0;
  #removed = 0;
  /** By number one more than its place; 0 where it is not known. */
  #byNumber = new Uint32Array(0);
  /** How many of the places have become known by numbers. */
  #numbered = 0;

  /** From now on numbers below `size` are told anew: the stack was claimed, or its names were declared. */
  renumber(size: number): void {
    this.#byNumber = new Uint32Array(size);
    this.#numbered = 0;
  }

  setRecord(record: ResourceRecord, result: JsonObject | undefined, number: number | undefined): void {
    const place = number === undefined ? this.#placeFor(record.name) : this.#numberedPlaceFor(record.name, number);
    this.#records[place] = record;
    if (result !== undefined) this.#results[place] = result;
  }

  setValue(resource: string, attribute: string, value: Json): void {
    const place = this.#placeFor(resource);
    let published = this.#published.get(place);
    if (published === undefined) {
      published = {};
      this.#published.set(place, published);
    }
    setOwn(published, attribute, value);
  }

  remove(name: string): void {
    const place = this.#placeOf(name);
    if (place === undefined) return;
    this.#places.delete(name);
    this.#published.delete(place);
    this.#names[place] = undefined;
    this.#records[place] = undefined;
    this.#results[place] = undefined;
    this.#removed += 1;
    if (2 * this.#removed > this.#names.length) this.#closeUp();
  }

  recordOf(name: string): ResourceRecord | undefined {
    const place = this.#placeOf(name);
    return place === undefined ? undefined : this.#records[place];
  }

  valueOf(name: string, attribute: string): Json | undefined {
    const place = this.#placeOf(name);
    if (place === undefined) return undefined;
    for (const values of [this.#published.get(place), this.#results[place]]) {
      if (values !== undefined && Object.hasOwn(values, attribute)) return values[attribute];
    }
    return undefined;
  }

  records(): readonly ResourceRecord[] {
    return this.#records.filter((record) => record !== undefined);
  }

  values(): readonly { readonly resource: string; readonly attribute: string; readonly value: Json }[] {
    return this.#names.flatMap((resource, place) => {
      if (resource === undefined) return [];
      const values = { ...this.#results[place], ...this.#published.get(place) };
      return Object.entries(values).map(([attribute, value]) => ({ resource, attribute, value }));
    });
  }

  /** The place of a change that tells its resource's number. */
  #numberedPlaceFor(name: string, number: number): number {
    const known = (this.#byNumber[number] ?? 0) - 1;
    if (known >= 0 && this.#names[known] === name) return known;
    // Where every resource has become known by its number, one whose number is not known is not there.
    const isNew = known < 0 && this.#numbered === this.#names.length;
    const place = isNew ? this.#add(name) : this.#placeFor(name);
    if (number < this.#byNumber.length) {
      this.#byNumber[number] = place + 1;
      this.#numbered += 1;
    }
    return place;
  }

  #placeFor(name: string): number {
    return this.#placeOf(name) ?? this.#add(name);
  }

  #placeOf(name: string): number | undefined {
    for (; this.#indexed < this.#names.length; this.#indexed += 1) {
      const each = this.#names[this.#indexed];
      if (each !== undefined) this.#places.set(each, this.#indexed);
    }
    return this.#places.get(name);
  }

  #add(name: string): number {
    // No push: code that V8 has compiled for it is dropped with the first resource of each stack.
    const place = this.#names.length;
    this.#names[place] = name;
    this.#records[place] = undefined;
    this.#results[place] = undefined;
    return place;
  }

  /** Gives the places of removed resources to those behind them. */
  #closeUp(): void {
    const kept = this.#names.flatMap((name, place) => (name === undefined ? [] : [place]));
    const published = kept.flatMap((place, index) => {
      const values = this.#published.get(place);
      return values === undefined ? [] : [[index, values] as const];
    });
    this.#published = new Map(published);
    this.#names = kept.map((place) => this.#names[place]);
    this.#records = kept.map((place) => this.#records[place]);
    this.#results = kept.map((place) => this.#results[place]);
    this.#places = new Map();
    this.#indexed = 0;
    this.#removed = 0;
    this.renumber(this.#byNumber.length);
  }
}
