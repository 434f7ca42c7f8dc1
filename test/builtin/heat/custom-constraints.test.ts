import { describe, expect, test } from '@jest/globals';
import { definitionNames, findDefinition } from '../../../src/builtin/definitions/load-definitions.ts';
import { heatConstraints } from '../../../src/builtin/heat/custom-constraints.ts';
import type { Json } from '../../../src/values.ts';

const NOW = Date.UTC(2026, 7, 21, 12);
const constraints = heatConstraints(() => NOW);

function outcome(name: string, value: Json): boolean | string | undefined {
  return constraints[name]?.(value);
}

describe('values that are right', () => {
  test.each<[string, readonly Json[]]>([
    ['ip_addr', ['10.0.0.1', '255.255.255.255', '::', 'fe80::1', '::ffff:1.2.3.4', '2001:DB8:0:0:0:0:0:1']],
    [
      'mac_addr',
      ['fa:16:3e:1:2:3', 'FA-16-3E-01-02-03', 'fa16.3e01.0203', 'fa163e:010203', 'fa163e010203', 'a163e010203'],
    ],
    ['net_cidr', ['10.0.0.0/8', '10.0.0.5/24', '0.0.0.0/0', 'fe80::/64', '::/0', 'fe80::1/064']],
    ['ip_or_cidr', ['10.0.0.1', '10.0.0.0/8', '::1', '::/0']],
    ['dns_name', ['', 'a', 'www.server.test', 'server.test.', '1-a.b', `${'a'.repeat(63)}.test`]],
    ['rel_dns_name', ['', null, 'www', 'www.server']],
    ['dns_domain', ['', 'server.test.', 'a.', '1.']],
    [
      'iso_8601',
      [
        '2026',
        '2026-08',
        '2026-8-1',
        '20260821',
        '2026-08-21T03:40:41Z',
        '2026-08-21 03:40:41.5+02:00',
        '2026-08-21T0340',
        '2024-02-29',
      ],
    ],
    ['timezone', ['', 'UTC', 'Europe/Berlin', 'America/Argentina/Ushuaia']],
    ['json_string', ['', '{"a": [1, null]}', '5', '"x"']],
    [
      'cron_expression',
      [
        '',
        '* * * * *',
        '*/5 0-6 1,15 jan-mar MON',
        '0 0 l * 5#2',
        '0 0 ? * l5',
        '@daily',
        '0 0 * * sat-mon',
        '10/5 * * * *',
        '* * * * * 30',
        '* * * * * * 2030',
        '0 0 * * 7',
        '0 0 29-L * *',
        'r r(1-5) * * *',
      ],
    ],
    ['expiration', ['', null, '2026-08-22', ' 2026-08-21T13:00:00Z ', '2026-08-21T12:30:00-01:00']],
    ['nova.flavor', ['whatever', 5]],
    ['neutron.network', ['whatever']],
  ])('%s: %j', (name, values) => {
    for (const value of values) expect([value, outcome(name, value)]).toEqual([value, true]);
  });
});

describe('values that are wrong, and what Heat says', () => {
  test.each<[string, Json, string]>([
    ['ip_addr', '10.0.0', 'Invalid IP address'],
    ['ip_addr', '10.0.0.01', 'Invalid IP address'],
    ['ip_addr', '10.0.0.1 ', 'Invalid IP address'],
    ['ip_addr', 'fe80::1%eth0', 'Invalid IP address'],
    ['ip_addr', '10.0.0.0/8', 'Invalid IP address'],
    ['ip_addr', 7, 'Invalid IP address'],
    ['ip_addr', '', 'Invalid IP address'],
    ['mac_addr', 'fa:16:3e:1:2', 'Invalid MAC address.'],
    ['mac_addr', 'fa:16:3e:1:2:zz', 'Invalid MAC address.'],
    ['mac_addr', 5, 'Invalid MAC address.'],
    ['net_cidr', '10.0.0.0/33', 'Invalid net cidr invalid IPNetwork 10.0.0.0/33 '],
    ['net_cidr', 'x', 'Invalid net cidr invalid IPNetwork x '],
    ['net_cidr', 'fe80::/129', 'Invalid net cidr invalid IPNetwork fe80::/129 '],
    ['net_cidr', '10.0.0.1', "'10.0.0.1' isn't a recognized IP subnet cidr, '10.0.0.1/32' is recommended"],
    ['net_cidr', '::1', "'::1' isn't a recognized IP subnet cidr, '::1/128' is recommended"],
    [
      'net_cidr',
      '10.0.0.5/255.255.255.0',
      "'10.0.0.5/255.255.255.0' isn't a recognized IP subnet cidr, '10.0.0.0/24' is recommended",
    ],
    [
      'net_cidr',
      '10.1.2.3/0.0.255.255',
      "'10.1.2.3/0.0.255.255' isn't a recognized IP subnet cidr, '10.1.0.0/16' is recommended",
    ],
    ['net_cidr', '10.0.0.0/08', "'10.0.0.0/08' isn't a recognized IP subnet cidr, '10.0.0.0/8' is recommended"],
    ['net_cidr', '10/8', "'10/8' is not a valid IP subnet"],
    ['ip_or_cidr', '10.0.0', "'10.0.0' is not a valid IP address"],
    ['ip_or_cidr', '10.0.0.0/', "'10.0.0.0/' is not a valid IP subnet"],
    ['ip_or_cidr', 5, '5 is not a valid IP or CIDR'],
    ['dns_name', 'a..b', "'a..b' not in valid format. Reason: Encountered an empty component."],
    ['dns_name', '-a.b', "'-a.b' not in valid format. Reason: Name '-a' must not start or end with a hyphen."],
    [
      'dns_name',
      'A.b',
      "'A.b' not in valid format. Reason: Name 'A' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen.",
    ],
    ['dns_name', 'a.1.', "'a.1.' not in valid format. Reason: TLD '1' must not be all numeric."],
    [
      'dns_name',
      'a.'.repeat(129),
      `'${'a.'.repeat(129)}' not in valid format. Reason: '${'a.'.repeat(129).slice(0, -1)}' exceeds the 255 character FQDN limit`,
    ],
    ['rel_dns_name', 'a.', "'a.' is a FQDN. It should be a relative domain name."],
    [
      'rel_dns_name',
      'a'.repeat(253),
      `'${'a'.repeat(253)}' contains '253' characters. Adding a domain name will cause it to exceed the maximum length of a FQDN of '255'.`,
    ],
    ['dns_domain', 'a.b', "'a.b' must end with '.'."],
    ['iso_8601', '202608', ''],
    ['iso_8601', '2026-02-29', ''],
    ['iso_8601', '2026-08-21T24:00', ''],
    ['iso_8601', '2026-08-21T03:40+24:00', ''],
    ['iso_8601', 'tomorrow', ''],
    ['iso_8601', '', ''],
    ['timezone', 'Mars/Olympus', "Invalid timezone: 'No time zone found with key Mars/Olympus'"],
    ['timezone', 'europe/berlin', "Invalid timezone: 'No time zone found with key europe/berlin'"],
    ['timezone', '+01:00', "Invalid timezone: 'No time zone found with key +01:00'"],
    [
      'cron_expression',
      '* * * *',
      'Invalid CRON expression: Exactly 5, 6 or 7 columns has to be specified for iterator expression.',
    ],
    ['cron_expression', '60 * * * *', 'Invalid CRON expression: [60 * * * *] is not acceptable, out of range'],
    ['cron_expression', '0 0 0 * *', 'Invalid CRON expression: [0 0 0 * *] is not acceptable, out of range'],
    ['cron_expression', '0-60 * * * *', 'Invalid CRON expression: 0-60 * * * * is out of bands'],
    ['cron_expression', 'X * * * *', 'Invalid CRON expression: [x * * * *] is not acceptable'],
    ['cron_expression', '*/0 * * * *', 'Invalid CRON expression: invalid range: range() arg 3 must not be zero'],
    [
      'cron_expression',
      '-1 * * * *',
      'Invalid CRON expression: [-1 * * * *] is not acceptable,negative numbers not allowed',
    ],
    [
      'cron_expression',
      '? * * * *',
      'Invalid CRON expression: [? * * * *] is not acceptable. Question mark can only used in day_of_month or day_of_week',
    ],
    [
      'cron_expression',
      '* * * * 1#6',
      "Invalid CRON expression: [* * * * 1#6] is not acceptable. Invalid day_of_week value: '6'",
    ],
    ['expiration', '2026-08-21T11:59:59', 'Expiration 2026-08-21T11:59:59 is invalid: Expiration time is out of date.'],
    ['expiration', 'soon', "Expiration soon is invalid: Unable to parse date string 'soon'"],
    ['expiration', '2027-13-01', 'Expiration 2027-13-01 is invalid: month must be in 1..12'],
  ])('%s: %j', (name, value, reason) => expect(outcome(name, value)).toBe(reason));

  test('json_string', () => expect(outcome('json_string', '{')).toMatch(/^JSON string \{ is invalid: /));
});

test('every constraint that the definitions name is known', () => {
  const named = JSON.stringify(definitionNames().map(findDefinition)).matchAll(/"custom_constraint":"([^"]+)"/g);
  const names = new Set([...named].map((match) => match[1] as string));
  expect(names.size).toBeGreaterThan(70);
  expect([...names].filter((name) => !Object.hasOwn(constraints, name))).toEqual([]);
});
