import { isIPv4, isIPv6 } from 'node:net';
import type { Json } from '../../../values.ts';

// The rules are those of heat/engine/constraint/common_constraints.py with what it asks of the packages netaddr and
// neutron-lib (neutron_lib/api/validators). Each returns undefined for a value that is right, else the reason.

/** `ip_addr`: an address of either version, without blanks, leading zeros or a zone. */
export function ipAddressProblem(value: Json): string | undefined {
  return typeof value === 'string' && isAddress(value) ? undefined : 'Invalid IP address';
}

/** `mac_addr`: in any of the forms that netaddr reads. */
export function macAddressProblem(value: Json): string | undefined {
  const isMac = typeof value === 'string' && MAC_FORMS.some((form) => form.test(value));
  return isMac ? undefined : 'Invalid MAC address.';
}

/** `net_cidr`: an address with the length of its prefix. Bits of a host in the address are fine. */
export function netCidrProblem(value: Json): string | undefined {
  const text = String(value);
  if (isNetwork(text.includes('/') ? text : `${text}/0`) || isShortNetwork(text)) return subnetProblem(text);
  return `Invalid net cidr invalid IPNetwork ${text} `;
}

/** `ip_or_cidr`: one or the other. */
export function ipOrCidrProblem(value: Json): string | undefined {
  if (typeof value !== 'string') return `${String(value)} is not a valid IP or CIDR`;
  if (value.includes('/')) return subnetProblem(value);
  return isAddress(value) ? undefined : `'${value}' is not a valid IP address`;
}

/** Node takes an IPv6 address with a zone, netaddr does not. */
function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes('%'));
}

const MAC_FORMS: readonly RegExp[] = [
  /^[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}$/i,
  /^[0-9a-f]{1,2}(?:-[0-9a-f]{1,2}){5}$/i,
  /^[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){2}$/i,
  /^[0-9a-f]{1,4}(?:-[0-9a-f]{1,4}){2}$/i,
  /^[0-9a-f]{1,4}(?:\.[0-9a-f]{1,4}){2}$/i,
  /^[0-9a-f]{5,6}[:-][0-9a-f]{5,6}$/i,
  /^[0-9a-f]{11,12}$/i,
];

/** By validate_subnet of neutron-lib: IPv4 has to be written as netaddr prints it. */
function subnetProblem(text: string): string | undefined {
  const [address = '', prefix] = text.split('/');
  if (prefix === undefined && isAddress(text)) return notRecognized(text, `${text}/${isIPv4(text) ? 32 : 128}`);
  if (!isNetwork(text)) return `'${text}' is not a valid IP subnet`;
  const length = prefixLength(prefix as string, isIPv4(address) ? 32 : 128) as number;
  if (!isIPv4(address) || prefix === String(length)) return undefined;
  return notRecognized(text, `${networkOf(address, length)}/${length}`);
}

function notRecognized(text: string, recommended: string): string {
  return `'${text}' isn't a recognized IP subnet cidr, '${recommended}' is recommended`;
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isAddress(address)) return false;
  return prefixLength(prefix, isIPv4(address) ? 32 : 128) !== undefined;
}

/** `10/8`, or the first part of an address alone: netaddr writes them out before it looks at them. */
function isShortNetwork(text: string): boolean {
  const [address = '', prefix = '0', ...rest] = text.split('/');
  const parts = address.split('.');
  const isShort = parts.length <= 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
  return isShort && rest.length === 0 && prefixLength(prefix, 32) !== undefined;
}

/** Digits, or for IPv4 the mask that they stand for; undefined for anything else. */
function prefixLength(prefix: string, bits: 32 | 128): number | undefined {
  if (/^\d{1,4}$/.test(prefix)) return Number(prefix) <= bits ? Number(prefix) : undefined;
  if (bits === 128 || !isIPv4(prefix)) return undefined;
  const mask = toNumber(prefix);
  // A mask has its ones in front; one of hosts, which netaddr takes too, has them behind.
  for (let length = 0; length <= 32; length += 1) {
    if (mask === maskOf(length) || mask === ~maskOf(length) >>> 0) return length;
  }
  return undefined;
}

function networkOf(address: string, length: number): string {
  const network = (toNumber(address) & maskOf(length)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.');
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function maskOf(length: number): number {
  return length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
}
