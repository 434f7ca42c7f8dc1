import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Engine } from '../../src/engine.ts';
import type { EngineOptions } from '../../src/engine-options.ts';
import { type HotloomError, isHotloomError } from '../../src/errors.ts';
import { definePlainType, defineStreamingType, type ResourceType } from '../../src/resource/resource-type.ts';
import { SimulatedClock } from '../../src/simulated-clock.ts';
import { KEY } from '../store/keys.ts';

/**
 * Types that have to do with secrets. `calls` is what the handlers were given. `Vault` makes a password, and a token that is
 * not stored; each one that it makes is another (`calls` counts them). `Lease` is the same and can be called again.
 */
export class SecretWorld {
  readonly calls: string[] = [];
  /** What a check of a `User` sees of its property `of`; undefined: nothing. */
  seen: string | undefined;
  readonly types: readonly ResourceType[];
  readonly #engines: Engine[] = [];
  #made = 0;

  constructor() {
    const attributes = {
      password: { schema: { type: 'string' }, secret: true },
      token: { schema: { type: 'string' }, ephemeral: true },
      url: { schema: { type: 'string' } },
    } as const;
    const handler = {
      create: ({ resource }: { readonly resource: { readonly name: string } }) => {
        this.#made += 1;
        this.calls.push(`create ${resource.name}`);
        return {
          password: `s3cret-pw-${this.#made}`,
          token: `s3cret-tk-${this.#made}`,
          url: `https://${resource.name}`,
        };
      },
      delete: () => {},
      lookup: () => undefined,
    };
    this.types = [
      definePlainType({ name: 'Vault', properties: { size: {} }, attributes, handler }),
      definePlainType({
        name: 'Lease',
        properties: { size: {} },
        attributes,
        handler: {
          ...handler,
          create: (call) => ({ ...handler.create(call), password: 's3cret-pw-same' }),
          isRepeatable: true,
        },
      }),
      definePlainType({
        name: 'User',
        properties: { of: { updateAllowed: true }, live: { updateAllowed: true } },
        attributes: { echo: { schema: {} }, other: { schema: {} } },
        handler: {
          create: async ({ resource, properties, setData, log }) => {
            this.calls.push(`create ${resource.name} ${JSON.stringify(properties.of)}`);
            log(`with ${properties.of}`);
            await setData({ remembered: properties.of as string });
            if (properties.live === 'bad') throw new Error(`cannot use ${properties.of}`);
            return { echo: `echo of ${properties.of}`, other: 1 };
          },
          update: ({ resource, properties }) => {
            this.calls.push(`update ${resource.name} ${JSON.stringify(properties.of)}`);
            if (properties.live === 'bad') throw new Error(`cannot use ${properties.of}`);
            return {};
          },
          check: () => (this.seen === undefined ? undefined : { of: this.seen }),
          lookup: () => undefined,
          delete: ({ resource, data }) => {
            this.calls.push(`delete ${resource.name} ${data.remembered}`);
          },
        },
      }),
      defineStreamingType({
        name: 'Stream',
        properties: { of: {} },
        attributes: {},
        handler: {
          create: async ({ inputs, publish, resource, inputNames, outputNames }) => {
            for (const name of outputNames)
              if (name !== 'refid') await publish(name, name === 'open' ? name : `s3cret-out-${name}`);
            for (const name of inputNames) this.calls.push(`${resource.name} read ${await inputs[name as 'of']}`);
          },
        },
      }),
    ];
  }

  engine(options: EngineOptions = {}, keys: readonly string[] | undefined = [KEY]): Engine {
    const encryption = keys.length === 0 ? {} : { encryption: { keys } };
    const made = this.dyingEngine({ ...encryption, ...options });
    this.#engines.push(made);
    return made;
  }

  /** One that is never closed, since it is killed. */
  dyingEngine(options: EngineOptions): Engine {
    return new Engine({ types: this.types, clock: new SimulatedClock(), ...options });
  }

  async close(): Promise<void> {
    for (const engine of this.#engines.splice(0)) await engine.close();
  }
}

export const NO_KEYS: readonly string[] = [];

export async function failure(action: Promise<unknown>): Promise<HotloomError> {
  const error = await action.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  if (isHotloomError(error)) return error;
  throw error;
}

/** Where the text `s3cret` stands in a directory's files, and in what was told. */
export function leaks(directory: string | undefined, told: unknown): readonly string[] {
  const files = directory === undefined ? [] : readdirSync(directory, { recursive: true, withFileTypes: true });
  const texts = files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return entry.isFile() ? [`${entry.name}: ${readFileSync(path, 'latin1')}`] : [];
  });
  texts.push(inspect(told, { depth: 30, maxStringLength: null, maxArrayLength: null, showHidden: true }));
  texts.push(JSON.stringify(told) ?? '');
  return texts.flatMap((text) => text.match(/[^\n]{0,60}s3cret[^\n]{0,20}/g) ?? []);
}
