import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { definePlainType, defineStreamingType } from 'hotloom';

/** A database of this tool: a directory that holds its configuration. Plain: it starts when its inputs are there. */
export const Database = definePlainType({
  name: 'Deploy::Database',
  properties: {
    directory: { type: 'string', minLength: 1 },
    size_gb: { type: 'integer', minimum: 1, maximum: 64, default: 10 },
    password: { type: 'string', minLength: 8 },
  },
  required: ['directory', 'password'],
  attributes: { url: { schema: { type: 'string' } } },
  handler: {
    async create({ properties, resource, setResourceId }) {
      const directory = join(properties.directory, resource.physicalName);
      await setResourceId(directory); // recorded before anything is made, so that a delete always finds it
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'database.json'), JSON.stringify({ size_gb: properties.size_gb }));
      return { url: `db://${resource.name}` };
    },
    async delete({ resourceId }) {
      if (resourceId !== undefined) await rm(resourceId, { recursive: true, force: true });
    },
  },
});

/** A service. Streaming: its address is known before the database is, so that others need not wait for the whole. */
export const Service = defineStreamingType({
  name: 'Deploy::Service',
  properties: {
    image: { type: 'string' },
    database_url: { type: 'string' },
    peers: { type: 'array', items: { type: 'string' }, default: [] },
  },
  required: ['image', 'database_url'],
  attributes: {
    address: { schema: { type: 'string' }, needs: [] },
    version: { schema: { type: 'string' }, needs: ['image'] },
  },
  handler: {
    async create({ resource, inputs, outputs, log }) {
      await outputs.address(`${resource.name}.internal:8080`);
      const image = await inputs.image;
      const version = image.split(':')[1];
      if (version === undefined) throw new Error(`The image '${image}' has no version.`);
      await outputs.version(version);
      log(`connects to ${await inputs.database_url} and to ${(await inputs.peers).join(', ')}`);
    },
  },
});
