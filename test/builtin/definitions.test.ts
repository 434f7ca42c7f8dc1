import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  definedTypes,
  definitionNames,
  findDefinition,
  heatType,
} from '../../src/builtin/definitions/load-definitions.ts';
import { heatTypes } from '../../src/builtin/heat/index.ts';
import { Engine } from '../../src/engine.ts';
import { isHotloomError } from '../../src/errors.ts';
import { compiledType } from '../../src/resource/compiled-type.ts';
import { convertProperties, validateStatically } from '../../src/resource/properties.ts';
import type { ResourceType } from '../../src/resource/resource-type.ts';
import { builtSource } from '../../src/source.ts';
import type { JsonObject } from '../../src/values.ts';

const schemas = new URL('../../schemas/', import.meta.url);
const files = readdirSync(new URL('resource-types/', schemas));
const readJson = (path: string): JsonObject => JSON.parse(readFileSync(new URL(path, schemas), 'utf8'));

function typeNamed(name: string): ResourceType {
  const type = definedTypes.find(name);
  if (type === undefined) throw new Error(`${name} has no definition`);
  return type;
}

function problemsOf(name: string, properties: JsonObject): readonly string[] {
  const place = { resource: 'r', path: ['resources', 'r'], source: builtSource() };
  return validateStatically(typeNamed(name), properties, place).map(({ what, fix }) => `${what} ${fix}`);
}

describe('the files', () => {
  const validate = new Ajv2020({
    strict: true,
    strictRequired: false,
    strictTypes: false,
    validateFormats: false,
  }).compile(readJson('resource-types.schema.json'));

  test.each(files)('%s fits the schema', (file) => {
    validate(readJson(`resource-types/${file}`));
    expect(validate.errors ?? []).toEqual([]);
  });

  test.each(files)('%s has only types of its own service', (file) => {
    const names = Object.keys(readJson(`resource-types/${file}`));
    for (const name of names) expect(Object.keys(findDefinition(name) ?? {})).toContain('properties');
  });

  test('every definition is a declaration without contradictions', () => {
    for (const name of definitionNames()) expect(() => compiledType(typeNamed(name))).not.toThrow();
  });

  test('every type has the attribute show', () => {
    for (const name of definitionNames()) expect(Object.keys(typeNamed(name).attributes)).toContain('show');
  });

  test('no definition is in the way of a type that is code', () => {
    const code = new Set(heatTypes.map(({ name }) => name));
    expect(definitionNames().filter((name) => code.has(name))).toEqual([]);
  });
});

describe('a definition as a resource type', () => {
  test.each([
    { name: 'OS::Nova::Server', required: ['flavor'] },
    { name: 'OS::Nova::KeyPair', required: ['name'] },
    { name: 'OS::Neutron::Net', required: [] },
    { name: 'OS::Neutron::Port', required: ['network'] },
    { name: 'OS::Neutron::FloatingIP', required: ['floating_network'] },
    { name: 'OS::Cinder::Volume', required: [] },
    { name: 'OS::Cinder::VolumeAttachment', required: ['instance_uuid', 'volume_id'] },
    { name: 'OS::Heat::ResourceGroup', required: ['resource_def'] },
    { name: 'OS::Heat::SoftwareDeployment', required: ['server'] },
    { name: 'OS::Senlin::Node', required: ['profile'] },
    { name: 'AWS::EC2::Instance', required: ['ImageId', 'InstanceType'] },
  ])('$name requires $required', ({ name, required }) => {
    expect([...(typeNamed(name).required ?? [])].sort()).toEqual([...required].sort());
  });

  test('is the same object at each call, and undefined for a name that Heat does not have', () => {
    expect(typeNamed('OS::Nova::Server')).toBe(typeNamed('OS::Nova::Server'));
    for (const name of ['OS::Nova::Servant', 'OS::Nowhere::Thing', 'My::Type', 'OS', 'OS::../nova::X', '']) {
      expect(definedTypes.find(name)).toBeUndefined();
    }
  });

  test.each<{ name: string; properties: JsonObject; problem: string }>([
    {
      name: 'OS::Nova::Server',
      properties: { flavour: 'm1.small', flavor: 'm1.small' },
      problem: "Unknown Property flavour Did you mean 'flavor'?",
    },
    { name: 'OS::Nova::Server', properties: {}, problem: 'Property flavor not assigned' },
    {
      name: 'OS::Nova::Server',
      properties: { flavor: 'x', networks: [{ netwrk: 'a' }] },
      problem: "Unknown Property netwrk Did you mean 'network'?",
    },
    { name: 'OS::Cinder::Volume', properties: { size: 0 }, problem: '0 is out of range (min: 1, max: None)' },
    {
      name: 'AWS::EC2::VPC',
      properties: { CidrBlock: '10.0.0.0/8', InstanceTenancy: 'default' },
      problem: 'Property InstanceTenancy not implemented yet',
    },
    {
      name: 'OS::Neutron::RBACPolicy',
      properties: { object_type: 'x', object_id: 'a', action: 'access_as_shared', target_tenant: 't' },
      problem: '"x" is not an allowed value',
    },
    {
      name: 'AWS::EC2::Volume',
      properties: { AvailabilityZone: 'nova', Tags: [{ Key: 'a', Value: 'b', Kind: 'c' }] },
      problem: 'Unknown Property Kind',
    },
  ])('$name: $problem', ({ name, properties, problem }) => {
    expect(problemsOf(name, properties).join('\n')).toContain(problem);
  });

  const server = (properties: JsonObject) => problemsOf('OS::Nova::Server', { flavor: 'm1.small', ...properties });

  test.each<{ properties: JsonObject; problem: RegExp }>([
    { properties: {}, problem: /^Property error: resources.r.properties: None of the properties .*image/ },
    { properties: { block_device_mapping_v2: [] }, problem: /Neither image nor bootable volume is specified/ },
    {
      properties: { block_device_mapping: [{ device_name: 'vdb', volume_id: 'v' }] },
      problem: /Neither image nor bootable volume/,
    },
    {
      properties: { block_device_mapping_v2: [{ volume_id: 'v', boot_index: 1 }] },
      problem: /Neither image nor bootable volume/,
    },
    {
      properties: { image: 'i', block_device_mapping: [{ device_name: 'vdb' }] },
      problem: /block_device_mapping\[0\]: One of volume_id, snapshot_id must be specified/,
    },
    {
      properties: { image: 'i', block_device_mapping: [{ device_name: 'vdb', volume_id: 'v', snapshot_id: 's' }] },
      problem: /at the same time: volume_id, snapshot_id/,
    },
    {
      properties: {
        block_device_mapping: [{ device_name: 'vda', volume_id: 'v' }],
        block_device_mapping_v2: [{ volume_id: 'v' }],
      },
      problem: /at the same time: block_device_mapping, block_device_mapping_v2/,
    },
    { properties: { image: 'i', block_device_mapping_v2: [{ boot_index: 1 }] }, problem: /One of volume_id/ },
    { properties: { block_device_mapping_v2: [{ volume_id: 'v', swap_size: 1 }] }, problem: /volume_id, swap_size/ },
    { properties: { image: 'i', block_device_mapping_v2: [{ volume_id: 'v' }] }, problem: /Multiple bootable sources/ },
  ])('a server that cannot boot: $properties', ({ properties, problem }) => {
    expect(server(properties).join('\n')).toMatch(problem);
  });

  test.each<{ properties: JsonObject }>([
    { properties: { image: 'i' } },
    { properties: { block_device_mapping: [{ device_name: 'vda', volume_id: 'v' }] } },
    { properties: { block_device_mapping_v2: [{ image: 'i' }, { ephemeral_size: 1, ephemeral_format: 'xfs' }] } },
    { properties: { image: 'i', block_device_mapping_v2: [{ volume_id: 'v', boot_index: -1 }] } },
  ])('a server that boots: $properties', ({ properties }) => {
    expect(server(properties)).toEqual([]);
  });

  test('a value given by the former name of a required property counts', () => {
    expect(problemsOf('OS::Neutron::Port', { network_id: 'n' })).toEqual([]);
    expect(problemsOf('OS::Neutron::Port', { network_id: [] })).toHaveLength(1);
    expect(problemsOf('OS::Neutron::Port', { network_id: null }).join()).toContain('Property network not assigned');
    expect(convertProperties(typeNamed('OS::Neutron::Port'), { network_id: 'n' })).toMatchObject({ network: 'n' });
  });

  test.each(['OS::Heat::ResourceGroup', 'AWS::CloudFormation::Stack', 'OS::Heat::SoftwareDeployment'])(
    '%s has attributes that its resources decide',
    (name) => {
      expect(typeNamed(name).anyAttributes).toBe(true);
    },
  );

  test('a type of which only the name is left takes any property', () => {
    expect(problemsOf('OS::Designate::Domain', { anything: 1 })).toEqual([]);
  });
});

describe('in an engine', () => {
  const template = `
heat_template_version: 2018-08-31
resources:
  net: { type: 'OS::Neutron::Net' }
  port: { type: 'OS::Neutron::Port', properties: { network: { get_resource: net } } }
outputs:
  address: { value: { get_attr: [port, fixed_ips, 0, ip_address] } }
`;

  test('a template of a cloud validates and has a plan', async () => {
    const engine = new Engine();
    expect(engine.preview({ stack: 'cloud', template }).steps.map(({ resource }) => resource)).toEqual(['net', 'port']);
    expect(() => engine.validate({ stack: 'cloud', template: template.replaceAll('fixed_ips', 'fixed_ip') })).toThrow(
      /fixed_ips/,
    );
    expect(() =>
      engine.validate({ stack: 'cloud', template: template.replace('Neutron::Net', 'Neutron::Nett') }),
    ).toThrow(/Did you mean 'OS::Neutron::Net'/);
    await engine.close();
  });

  test('its creation fails, telling that there is no handler', async () => {
    const engine = new Engine();
    const error = await engine.create({ stack: 'cloud', template }).catch((thrown: unknown) => thrown);
    expect(isHotloomError(error, 'StackFailed')).toBe(true);
    expect(JSON.stringify(error)).toContain('The resource type OS::Neutron::Net has no handler.');
    await engine.delete({ stack: 'cloud' });
    await engine.close();
  });

  test('handlers of a caller make it work', async () => {
    const net = heatType('OS::Neutron::Net', { create: () => ({}) });
    const port = heatType('OS::Neutron::Port', { create: () => ({ fixed_ips: [{ ip_address: '10.0.0.5' }] }) });
    if (net === undefined || port === undefined) throw new Error('a definition is missing');
    const engine = new Engine({ types: [net, port] });
    expect((await engine.create({ stack: 'cloud', template })).outputs).toEqual({ address: '10.0.0.5' });
    await engine.close();
  });
});
