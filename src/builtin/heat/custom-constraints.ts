import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { CustomConstraints } from '../../template/constraints.ts';
import type { Json } from '../../values.ts';

type Check = (value: string) => boolean | string;

const MAX_NAME = 255;
const MAX_LABEL = 63;

/** Heat's named constraints that need no cloud (heat/engine/constraint/common_constraints.py). */
const CHECKED: { readonly [name: string]: Check } = {
  ip_addr: (value) => isIP(value) !== 0 || 'Invalid IP address',
  mac_addr: (value) => isMac(value) || 'Invalid MAC address.',
  net_cidr: (value) => isCidr(value) || `Invalid net cidr ${value}`,
  ip_or_cidr: (value) =>
    (value.includes('/') ? isCidr(value) : isIP(value) !== 0) || `${value} is not a valid IP or CIDR`,
  dns_name: dnsName,
  dns_domain: (value) => value === '' || whyNot(dnsName(value), value.endsWith('.'), `'${value}' must end with '.'.`),
  rel_dns_name: relativeName,
  iso_8601: (value) => !Number.isNaN(parseIsoTime(value)) || 'It is no time by ISO 8601.',
  expiration: (value) => value === '' || expiration(value),
  timezone: (value) => value === '' || isTimeZone(value) || `Invalid timezone: '${value}'`,
  json_string: (value) => value === '' || jsonText(value),
  cron_expression: (value) => value === '' || isCron(value) || `Invalid CRON expression: ${value}`,
};

/** Those of cloud services: only the service could tell, so a value is taken as right (Heat's setup.cfg, heat.constraints). */
const OF_SERVICES = new Set(
  `barbican.container barbican.secret blazar.reservation cinder.backup cinder.qos_specs cinder.snapshot cinder.volume
  cinder.vtype designate.zone glance.image ironic.node ironic.portgroup keystone.domain keystone.group keystone.project
  keystone.region keystone.role keystone.service keystone.user magnum.cluster_template manila.share_network
  manila.share_snapshot manila.share_type mistral.workflow monasca.notification neutron.address_scope
  neutron.flow_classifier neutron.lb.provider neutron.lbaas.listener neutron.lbaas.loadbalancer neutron.lbaas.pool
  neutron.lbaas.provider neutron.network neutron.port neutron.port_pair neutron.port_pair_group neutron.qos_policy
  neutron.router neutron.security_group neutron.segment neutron.subnet neutron.subnetpool neutron.taas.tap_flow
  neutron.taas.tap_service nova.flavor nova.host nova.keypair nova.network nova.server octavia.availabilityzone
  octavia.availabilityzoneprofile octavia.flavor octavia.flavorprofile octavia.l7policy octavia.listener
  octavia.loadbalancer octavia.pool sahara.cluster sahara.cluster_template sahara.data_source sahara.image
  sahara.job_binary sahara.job_type sahara.plugin senlin.cluster senlin.policy senlin.policy_type senlin.profile
  senlin.profile_type trove.flavor zaqar.queue`.split(/\s+/),
);

/** Heat's custom constraints by name, for the engine's option of that name. */
export const heatCustomConstraints: CustomConstraints = {
  ...Object.fromEntries([...OF_SERVICES].map((name) => [name, () => true] as const)),
  ...Object.fromEntries(
    Object.entries(CHECKED).map(([name, check]) => [
      name,
      (value: Json) => (typeof value === 'string' ? check(value) : 'It is no text.'),
    ]),
  ),
};

function isMac(value: string): boolean {
  return (
    /^[0-9a-f]{1,2}([:-])(?:[0-9a-f]{1,2}\1){4}[0-9a-f]{1,2}$/i.test(value) ||
    /^[0-9a-f]{1,4}([.:-])[0-9a-f]{1,4}\1[0-9a-f]{1,4}$/i.test(value) ||
    /^(?:[0-9a-f]{6}-[0-9a-f]{6}|[0-9a-f]{11,12})$/i.test(value)
  );
}

function isCidr(value: string): boolean {
  const [address = '', bits = '', ...rest] = value.split('/');
  if (rest.length > 0 || !/^\d+$/.test(bits)) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}

/** heat/common/netutils.py, validate_dns_format. */
function dnsName(value: string): boolean | string {
  const wrong = (reason: string): string => `'${value}' not in valid format. Reason: ${reason}`;
  if (value === '') return true;
  if (value.length > MAX_NAME) return wrong(`'${value}' exceeds the ${MAX_NAME} character FQDN limit`);
  const isFull = value.endsWith('.');
  const labels = (isFull ? value.slice(0, -1) : value).split('.');
  for (const label of labels) {
    if (label === '') return wrong('Encountered an empty component.');
    if (label.endsWith('-') || label.startsWith('-'))
      return wrong(`Name '${label}' must not start or end with a hyphen.`);
    if (!/^[a-z0-9-]{1,63}$/i.test(label)) {
      return wrong(
        `Name '${label}' must be 1-${MAX_LABEL} characters long, each of which can only be alphanumeric or a hyphen.`,
      );
    }
  }
  if (!isFull || labels.length < 2) return true;
  const top = labels.at(-1) as string;
  return /^\d+$/.test(top) ? wrong(`TLD '${top}' must not be all numeric`) : true;
}

function relativeName(value: string): boolean | string {
  if (value === '') return true;
  if (value.endsWith('.')) return `'${value}' is a FQDN. It should be a relative domain name.`;
  if (value.length > MAX_NAME - 3)
    return `'${value}' is too long for a name of ${MAX_NAME} characters with its domain.`;
  return dnsName(value);
}

function whyNot(first: boolean | string, second: boolean, message: string): boolean | string {
  return first === true ? second || message : first;
}

/** Milliseconds; NaN for what is no time. Dates, times with fractions, and offsets, as oslo's parse_isotime takes them. */
function parseIsoTime(value: string): number {
  const match =
    /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/.exec(
      value.trim(),
    );
  if (match === null) return Number.NaN;
  const [, year, month, day, hour = '00', minute = '00', second = '00', offset = 'Z'] = match;
  const zone = offset === 'Z' ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
}

function expiration(value: string): boolean | string {
  const time = parseIsoTime(value);
  if (Number.isNaN(time)) return `Expiration ${value} is invalid: it is no time by ISO 8601`;
  return time > Date.now() || `Expiration ${value} is invalid: Expiration time is out of date.`;
}

function isTimeZone(value: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

function jsonText(value: string): boolean | string {
  try {
    JSON.parse(value);
    return true;
  } catch (error) {
    return `JSON string ${value} is invalid: ${(error as Error).message}`;
  }
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const DAYS = 'sun mon tue wed thu fri sat'.split(' ');

/** Minute, hour, day, month, day of the week, and maybe second: each a list of steps over ranges. */
const CRON_FIELDS: readonly { readonly min: number; readonly max: number; readonly names?: readonly string[] }[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 7, names: DAYS },
  { min: 0, max: 59 },
];

function isCron(value: string): boolean {
  if (/^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/.test(value)) return true;
  const fields = value.trim().split(/\s+/);
  if (fields.length < 5 || fields.length > 6) return false;
  return fields.every((field, index) => {
    const { min, max, names = [] } = CRON_FIELDS[index] as (typeof CRON_FIELDS)[number];
    const numberOf = (text: string): number => {
      const named = names.indexOf(text.toLowerCase());
      return named === -1 ? (/^\d+$/.test(text) ? Number(text) : Number.NaN) : named + (names === MONTHS ? 1 : 0);
    };
    const isIn = (text: string): boolean => numberOf(text) >= min && numberOf(text) <= max;
    return field.split(',').every((part) => {
      const match = /^(\*|[^-/]+)(?:-([^-/]+))?(?:\/([1-9]\d*))?$/.exec(part);
      if (match === null) return index === 2 && part === 'l';
      const [, first = '', last] = match;
      if (first === '*') return last === undefined;
      return isIn(first) && (last === undefined || (isIn(last) && numberOf(first) <= numberOf(last)));
    });
  });
}
