// npm run schemas: writes schemas/template/ and schemas/environment.schema.json from the sources' own tables.
import { mkdirSync, writeFileSync } from 'node:fs';
import '../fixtures/typescript-hook.mjs';

const { schemaFiles } = await import('./files.ts');

const folder = new URL('../../schemas/', import.meta.url);
mkdirSync(new URL('template/', folder), { recursive: true });
for (const [path, text] of schemaFiles()) {
  writeFileSync(new URL(path, folder), text);
  console.log(`schemas/${path}`);
}
