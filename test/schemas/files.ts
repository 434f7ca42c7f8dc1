import { TEMPLATE_VERSIONS } from '../../src/template/version.ts';
import { environmentSchema } from './environment-schema.ts';
import { printSchema } from './json-schema.ts';
import { templateSchema } from './template-schema.ts';

/** Every schema file that the project makes of itself: its text by its path in `schemas/`. */
export function schemaFiles(): ReadonlyMap<string, string> {
  const schemas = [
    ...TEMPLATE_VERSIONS.map((version) => [`template/${version.name}.schema.json`, templateSchema(version)] as const),
    ['environment.schema.json', environmentSchema()] as const,
  ];
  return new Map(schemas.map(([path, schema]) => [path, `${printSchema(schema)}\n`]));
}
