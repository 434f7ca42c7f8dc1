import { type Expression, REFID } from '../template/expression.ts';
import type { Json } from '../values.ts';
import { listNames } from '../wording.ts';
import { MemberAttribute, type Place, Selection, Unreadable } from './calls.ts';

export interface Group {
  /** Named from the root template down. */
  readonly owner: string;
  readonly place: Place;
  /** The members' own names. */
  readonly members: readonly string[];
  /** ResourceGroup has `refs_map` and `removed_rsrc_list`, ResourceChain has not. */
  readonly removed?: readonly string[];
}

/**
 * What `get_attr: [group, key, ...parts]` is: `refs`, `refs_map`, `attributes`, `removed_rsrc_list`, `resource.N`,
 * `resource.N.attribute`, and any other attribute as a list with that of each member
 * (heat/engine/resources/openstack/heat/resource_group.py and resource_chain.py).
 */
export function groupAttribute(group: Group, name: string): Expression {
  const { place, members, removed, owner } = group;
  const [key, parts] = decode(name);
  const read = (member: string, attribute: string, rest: readonly Json[] = []): Expression =>
    new MemberAttribute(place, `${owner}/${member}`, attribute, rest);
  const ref = (member: string): Expression => read(member, REFID);
  if (key.startsWith('resource.')) return memberAttribute(group, key, parts, read);
  if (key === 'refs') return select(members.map(ref), parts);
  if (removed !== undefined && key === 'removed_rsrc_list') return [...removed];
  // Heat takes no part of the map.
  if (removed !== undefined && key === 'refs_map') return mapOf(members, ref);
  if (key !== 'attributes') return members.map((member) => read(member, key, parts));
  const [attribute, ...rest] = parts;
  if (attribute !== undefined) return mapOf(members, (member) => read(member, String(attribute), rest));
  return new Unreadable(
    place,
    `The Referenced Attribute (${owner} attributes) is incorrect.`,
    `Name the attribute: {get_attr: [${owner}, attributes, NAME]}.`,
  );
}

function memberAttribute(
  { place, members, removed, owner }: Group,
  key: string,
  parts: readonly Json[],
  read: (member: string, attribute: string, rest?: readonly Json[]) => Expression,
): Expression {
  const [, member = '', ...tail] = split(key);
  const [attribute, ...rest] = [...tail, ...parts];
  if (members.includes(member)) return read(member, attribute === undefined ? REFID : String(attribute), rest);
  // Of an empty ResourceGroup Heat reads null.
  if (members.length === 0 && removed !== undefined && attribute !== undefined) return null;
  const name = owner.slice(owner.lastIndexOf('/') + 1);
  return new Unreadable(
    place,
    `Member '${member}' not found in group resource '${name}'.`,
    members.length === 0 ? 'The group is empty.' : `The members are ${listNames(members)}.`,
  );
}

/** At the first two dots: `resource.0.a.b` -> resource, 0, a.b. */
function split(key: string): readonly string[] {
  const [first = '', second = '', ...rest] = key.split('.');
  return rest.length === 0 ? [first, second] : [first, second, rest.join('.')];
}

/** The inverse of pathAttribute. */
export function decode(name: string): readonly [key: string, parts: readonly Json[]] {
  const start = name.indexOf(' [');
  return start === -1 ? [name, []] : [name.slice(0, start), JSON.parse(name.slice(start + 1)) as readonly Json[]];
}

export function select(value: Expression, parts: readonly Json[]): Expression {
  return parts.length === 0 ? value : new Selection(value, parts);
}

function mapOf(members: readonly string[], of: (member: string) => Expression): Expression {
  return Object.fromEntries(members.map((member) => [member, of(member)]));
}
