import { isHotloomError, StackValidationFailed } from '../errors.ts';
import { requiredResources } from '../graph/port-graph.ts';
import { findResource } from '../interface/interface.ts';
import type { ResourceRecord, StoreChange } from '../store/stack-store.ts';
import { asJson, isJsonObject, type Json, type JsonObject } from '../values.ts';
import type { ExportedResource, StackExport } from './abandon.ts';
import { type LeftOut, leftOutByHeat } from './adopt-from-heat.ts';
import { type Analysis, analyse, type TemplateInput } from './analyse.ts';
import { beginningOf } from './beginning.ts';
import type { CreateOptions } from './create.ts';
import type { StackDescription } from './describe.ts';
import { Operation } from './operation.ts';
import { presentResources } from './present.ts';
import type { StackServices } from './services.ts';
import { checkTags } from './tags.ts';

export interface AdoptOptions extends Omit<CreateOptions, 'template' | 'rollback'> {
  /** What `abandon` or `export` gave, or Heat's client's `stack abandon`. */
  readonly data: StackExport | JsonObject;
  /** Default: the one in `data`. */
  readonly template?: TemplateInput['template'];
}

/**
 * Makes a stack of what is there already: what `data` tells of is taken as it stands, brought to the template where it
 * differs, and only what it does not tell of is created. Nothing of it is deleted when that fails.
 *
 * Throws what create throws, and StackValidationFailed for data of another form.
 */
export async function adoptStack(services: StackServices, options: AdoptOptions): Promise<StackDescription> {
  const { timeoutMs, signal } = options;
  const data = checkData(options.data as JsonObject);
  const { tags = data.tags } = options;
  checkTags(tags);
  const stackId = await freeId(services, data.id);
  const { data: _data, environments = [], template, files, ...input } = options;
  const analysis = analyse(
    services,
    {
      ...input,
      template: template ?? data.template,
      files: { ...data.files, ...files },
      environments: [data.environment, ...environments],
      ...(input.environmentFiles === undefined ? {} : { environmentFiles: ['the data', ...input.environmentFiles] }),
    },
    { stackId },
  );
  const operation = new Operation(services, { timeoutMs, signal }, analysis, stackId, 'ADOPT');
  const claim = await operation.register(tags);
  return operation.goOn(claim, 'started', async (journal, stopped) => {
    const asItWas = exportedAnalysis(services, options, data, stackId);
    const ofHeat = recordsOfHeat(data, services.clock.now());
    const leftOut =
      asItWas === undefined ? undefined : await leftOutByHeat(services, asItWas, ofHeat, stackId, stopped);
    // What is taken over and that this is going on become known together: there is no moment at which it would be made anew.
    const adopted: StoreChange = {
      kind: 'stack',
      action: 'ADOPT',
      status: 'IN_PROGRESS',
      reason: 'Stack ADOPT started',
      time: services.clock.now(),
    };
    await journal.recordAll([...adoptedChanges(analysis, data, leftOut, services.clock.now()), adopted]);
    const all = await presentResources(services, stackId);
    return beginningOf(services, analysis, stackId, all, (change) => void journal.record(change));
  });
}

/** The id that it had, if there is no stack of it in this store: digests of hidden values are made with it. */
async function freeId({ store, randomness }: StackServices, id: string): Promise<string> {
  const isTaken = id === '' || (await store.listStacks()).some((stack) => stack.id === id);
  return isTaken ? randomness.uuid() : id;
}

/** The stack as it was exported; undefined when the export alone does not tell: a hidden parameter is left out, say. */
function exportedAnalysis(
  services: StackServices,
  { stack, space }: AdoptOptions,
  { template, files, environment }: StackExport,
  stackId: string,
): Analysis | undefined {
  const at = space === undefined ? { stack } : { stack, space };
  try {
    return analyse(services, { ...at, template, files, environments: [environment] }, { stackId });
  } catch (error) {
    if (!isHotloomError(error)) throw error;
    return undefined;
  }
}

/** The resources that are complete and of which Heat has told. */
function recordsOfHeat({ resources }: StackExport, now: number): readonly ResourceRecord[] {
  return Object.entries(resources)
    .filter(([, { record, attributes }]) => record === undefined && attributes === undefined)
    .map(([name, exported]) => recordOf(name, exported, [], now))
    .filter(({ action }) => action === 'ADOPT');
}

function adoptedChanges(
  { stack, graph }: Analysis,
  data: StackExport,
  leftOut: ReadonlyMap<string, LeftOut> | undefined,
  now: number,
): readonly StoreChange[] {
  return Object.entries(data.resources).map(([key, exported]): StoreChange => {
    const resource = findResource(stack, key);
    const requires = resource === undefined ? [] : requiredResources(graph, resource.index);
    const { secrecy } = exported;
    const { attributes = exported.attributes ?? {}, properties } = leftOut?.get(key) ?? {};
    const record = { ...recordOf(key, exported, requires, now), ...(properties === undefined ? {} : { properties }) };
    if (secrecy === undefined) return { kind: 'resource', record, values: attributes };
    // What the export has not told is missing from now on, as what is ephemeral is.
    const untold = Object.keys(secrecy).filter((name) => !Object.hasOwn(attributes, name));
    const lost = Object.fromEntries(untold.map((name) => [name, 'ephemeral' as const]));
    const values = { ...attributes, ...Object.fromEntries(untold.map((name) => [name, null])) };
    return { kind: 'resource', record, values, secrecy: { ...secrecy, ...lost } };
  });
}

function recordOf(
  key: string,
  { name, type, action, status, resource_id, resource_data, metadata, record }: ExportedResource,
  requires: readonly string[],
  now: number,
): ResourceRecord {
  return {
    physicalName: name,
    token: '',
    requires,
    deletionPolicy: 'Delete',
    ...record,
    name: key,
    ...(key === name ? {} : { replacedName: name }),
    type,
    resourceId: resource_id ?? undefined,
    action: status === 'COMPLETE' && action !== 'DELETE' ? 'ADOPT' : action,
    status,
    reason: 'Resource ADOPT completed',
    data: resource_data,
    ...(isJsonObject(metadata) && Object.keys(metadata).length > 0 ? { metadata } : {}),
    updatedAt: now,
  };
}

/** Throws StackValidationFailed for what is no exported stack. */
function checkData(given: JsonObject): StackExport {
  const json = asJson(given);
  const data = isJsonObject(json) ? json : {};
  const { id = '', template, files = {}, environment = {}, resources } = data;
  const wrong = !isJsonObject(template)
    ? 'template'
    : !isJsonObject(resources)
      ? 'resources'
      : Object.keys(resources).find((name) => !isExported(resources[name] as Json));
  if (wrong !== undefined) {
    throw new StackValidationFailed({
      what: `Invalid adopt data: '${wrong}' is missing or has the wrong form.`,
      why: 'It has to be the JSON that an export or an abandon of a stack gives.',
      fix: "Take it from 'hotloom export NAME'.",
    });
  }
  return {
    ...data,
    id: String(id),
    files,
    environment: environment ?? {},
    template,
    resources,
  } as unknown as StackExport;
}

function isExported(resource: Json): boolean {
  if (!isJsonObject(resource)) return false;
  const {
    name,
    type,
    status,
    resource_id = null,
    resource_data = {},
    attributes = {},
    secrecy = {},
    record = {},
  } = resource;
  return (
    [name, type, status].every((text) => typeof text === 'string') &&
    (resource_id === null || typeof resource_id === 'string') &&
    [resource_data, attributes, secrecy].every(isJsonObject) &&
    isJsonObject(record) &&
    isRecord(record)
  );
}

/** What only our own exports have. */
function isRecord({ requires = [], unread = [], reads = [], properties = {}, inputs = {} }: JsonObject): boolean {
  const areTexts = [requires, unread].every(
    (list) => Array.isArray(list) && list.every((item) => typeof item === 'string'),
  );
  const areReads = Array.isArray(reads) && reads.every((read) => isJsonObject(read) && Array.isArray(read.name));
  return areTexts && areReads && [properties, inputs].every(isJsonObject);
}
