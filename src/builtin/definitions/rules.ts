import type { Misfit } from '../../resource/schema.ts';
import type { Path } from '../../source.ts';
import type { Json, JsonObject } from '../../values.ts';

/** What Heat's plug-in of a type asks of its properties together, where their schemas cannot say it. */
export interface TypeRules {
  readonly requiresAnyOf?: readonly (readonly string[])[];
  /** Gets the properties converted and with their defaults. */
  readonly validate?: (properties: JsonObject) => Iterable<Misfit>;
}

/** The rules of a type; undefined where its plug-in asks nothing, or only what the cloud itself can tell. */
export function findRules(type: string): TypeRules | undefined {
  return RULES.get(type);
}

/** heat/engine/resources/openstack/nova/server.py, `_validate_block_device_mapping`. */
const NOVA_SERVER: TypeRules = {
  requiresAnyOf: [['image', 'block_device_mapping', 'block_device_mapping_v2']],
  *validate({ image, block_device_mapping, block_device_mapping_v2 }) {
    const first = mappingsOf(block_device_mapping);
    const second = mappingsOf(block_device_mapping_v2);
    if (first.length > 0 && second.length > 0) {
      yield conflict(['block_device_mapping_v2'], ['block_device_mapping', 'block_device_mapping_v2']);
      return;
    }
    const bootable: Json[] = isGiven(image) ? [image] : [];
    for (const [index, mapping] of first.entries()) {
      const path = ['block_device_mapping', index];
      const sources = givenKeys(mapping, ['volume_id', 'snapshot_id']);
      if (sources.length > 1) yield conflict(path, sources);
      if (sources.length === 0) yield noSource(path, ['volume_id', 'snapshot_id']);
      if (mapping.device_name === 'vda') bootable.push('vda');
    }
    for (const [index, mapping] of second.entries()) {
      const path = ['block_device_mapping_v2', index];
      const sources = givenKeys(mapping, SOURCES);
      const kinds = new Set(sources.map((key) => (key.startsWith('ephemeral') ? 'ephemeral' : key)));
      if (kinds.size > 1) yield conflict(path, sources);
      if (kinds.size === 0) yield noSource(path, SOURCES);
      // A volume, snapshot or image without an index is the one to boot from.
      const boots = mapping.boot_index === undefined || mapping.boot_index === null || mapping.boot_index === 0;
      if (boots) bootable.push(...givenKeys(mapping, BOOTABLE).map((key) => mapping[key] as Json));
    }
    if (bootable.length === 0) {
      yield {
        path: [],
        what: 'Neither image nor bootable volume is specified',
        why: 'A server boots from something.',
        fix: "Give 'image', or a mapping to boot from: a block_device_mapping whose device_name is vda, or a block_device_mapping_v2 of a volume, snapshot or image with boot_index 0.",
      };
    } else if (second.length > 0 && bootable.length > 1) {
      yield {
        path: ['block_device_mapping_v2'],
        what: 'Multiple bootable sources',
        why: 'A server boots from one of them.',
        fix: "Give 'boot_index: -1' to those that it does not boot from.",
      };
    }
  },
};

const BOOTABLE = ['volume_id', 'snapshot_id', 'image', 'image_id'] as const;
const SOURCES = [...BOOTABLE, 'swap_size', 'ephemeral_size', 'ephemeral_format'] as const;

const RULES: ReadonlyMap<string, TypeRules> = new Map([['OS::Nova::Server', NOVA_SERVER]]);

function mappingsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonObject[]) : [];
}

function isGiven(value: Json | undefined): value is Json {
  return value !== undefined && value !== null;
}

function givenKeys(mapping: JsonObject, keys: readonly string[]): readonly string[] {
  return keys.filter((key) => isGiven(mapping[key]));
}

function conflict(path: Path, names: readonly string[]): Misfit {
  return {
    path,
    what: `Cannot define the following properties at the same time: ${names.join(', ')}`,
    why: 'They say the same in different ways.',
    fix: 'Keep one of them.',
  };
}

function noSource(path: Path, names: readonly string[]): Misfit {
  return {
    path,
    what: `One of ${names.join(', ')} must be specified`,
    why: 'The mapping names no source.',
    fix: 'Add one of them.',
  };
}
