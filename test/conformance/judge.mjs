import { Engine, MemoryStore } from 'hotloom';
import { masked, matches } from './compare.mjs';
import { heatTestTypes } from './heat-test-types.mjs';

const STACK = 'teststack';
const PROJECT = 'test_tenant_id';

/**
 * Runs one case through an engine of its own. Returns the differences, each with what Heat answered and what this engine
 * did; empty when there are none.
 */
export async function judge(vector, { unknownTypes = 'refuse' } = {}) {
  const { expect } = vector;
  const store = new MemoryStore();
  const engine = new Engine({ types: heatTestTypes, store, projectId: PROJECT, unknownTypes, duplicateKeys: 'last' });
  const differences = [];
  const check = (what, expected, actual, options) => {
    const given = masked(actual);
    if (!matches(masked(expected), given, options)) differences.push({ what, expected, actual: given });
  };
  try {
    const input = inputOf(vector);
    let analysis;
    let inspection;
    try {
      // Where nothing but dependences was recorded, the template was not validated.
      if (vector.deps_only !== true) analysis = engine.validate(input);
      inspection = engine.inspect(input);
    } catch (error) {
      if (expect.valid !== false) {
        const wanted = expect.valid === true ? 'valid' : 'to have dependencies';
        differences.push({ what: 'valid', expected: wanted, actual: `${error.code ?? error.stack}: ${error.message}` });
      } else if (error.code === undefined || error.code === 'InternalError') {
        differences.push({ what: 'refusal', expected: `${expect.error_class}: ${expect.error}`, actual: error.stack });
      }
      return differences;
    }
    if (expect.valid === false) {
      differences.push({ what: 'valid', expected: `refused: ${expect.error_class}: ${expect.error}`, actual: 'valid' });
      return differences;
    }
    compareAnalysis(expect, analysis, inspection, check);
    if (expect.created === true) await compareCreated(expect, engine, store, input, check);
  } catch (error) {
    differences.push({ what: 'internal', expected: 'an answer', actual: error.stack });
  } finally {
    await engine.close();
  }
  return differences;
}

function inputOf({ template, environment, environment_files: names, files = {}, parameters }) {
  const environments = names === undefined ? [] : names.map((name) => files[name]);
  if (environment !== undefined) environments.push(environment);
  return {
    stack: STACK,
    template,
    files,
    environments,
    ...(names === undefined ? {} : { environmentFiles: names }),
    ...(parameters === undefined ? {} : { parameters }),
  };
}

function compareAnalysis(expect, analysis, inspection, check) {
  const { resources } = inspection;
  const names = ownNames(resources);
  if (expect.parameters !== undefined) {
    check('parameters', expect.parameters, Object.fromEntries(analysis.parameters));
  }
  if (expect.conditions !== undefined) {
    const failed = Object.values(inspection.conditions).find((value) => typeof value === 'object');
    check('conditions', expect.conditions, failed ?? inspection.conditions);
  }
  if (expect.resource_names !== undefined) check('resource names', [...expect.resource_names].sort(), names.sort());
  if (expect.properties !== undefined) {
    const properties = Object.fromEntries(names.map((name) => [name, resources[name].properties]));
    check('properties', expect.properties, properties, {
      isReference: (text, actual) => names.includes(actual) && text.includes(actual),
    });
  }
  for (const name of Object.keys(expect.template_dependencies ?? expect.dependencies ?? {})) {
    const isHeat = resources[name]?.type.startsWith('OS::Heat::') === true;
    const expected = (isHeat ? expect.dependencies?.[name] : undefined) ?? expect.template_dependencies?.[name];
    check(
      `dependencies of ${name}`,
      [...(expected ?? expect.dependencies[name])].sort(),
      [...(resources[name]?.requires ?? ['no such resource'])].sort(),
    );
  }
}

/** Those of the template itself, without those of nested ones. */
function ownNames(resources) {
  return Object.keys(resources).filter((name) => !name.includes('/'));
}

async function compareCreated(expect, engine, store, input, check) {
  let failure;
  try {
    await engine.create(input);
  } catch (error) {
    if (error.code !== 'StackFailed') throw error;
    failure = error;
  }
  const record = await store.findStack('default', STACK);
  const described = await engine.show(STACK);
  check('status', expect.status, described.state);
  if (expect.status === 'CREATE_FAILED') return;
  if (failure !== undefined) {
    check('failure', null, failure.message);
    return;
  }
  const resources = described.resources.filter(({ name }) => !name.includes('/'));
  if (expect.resource_status !== undefined) {
    check(
      'resource status',
      expect.resource_status,
      Object.fromEntries(resources.map(({ name, state }) => [name, state])),
    );
  }
  if (expect.created_properties !== undefined) {
    const values = new Map();
    for (const { resource, attribute, value } of store.values(record.id))
      values.set(`${resource}\0${attribute}`, value);
    const read = (resource, attribute) => values.get(`${resource}\0${attribute}`) ?? null;
    const inspected = engine.inspect(input, read).resources;
    const properties = Object.fromEntries(ownNames(inspected).map((name) => [name, inspected[name].properties]));
    check('created properties', expect.created_properties, properties);
  }
  if (expect.outputs !== undefined) {
    const outputs = Object.fromEntries(
      Object.entries(described.outputs).map(([name, value]) => [
        name,
        Object.hasOwn(described.outputErrors, name) ? { __error__: described.outputErrors[name] } : value,
      ]),
    );
    check('outputs', expect.outputs, outputs);
  }
}
