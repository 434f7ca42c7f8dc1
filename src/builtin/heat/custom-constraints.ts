import type { CustomConstraints } from '../../template/constraints.ts';
import type { Json } from '../../values.ts';
import { ipAddressProblem, ipOrCidrProblem, macAddressProblem, netCidrProblem } from './constraints/address.ts';
import { cronProblem } from './constraints/cron.ts';
import { dnsDomainProblem, dnsNameProblem, relativeDnsNameProblem } from './constraints/domain-name.ts';
import { jsonStringProblem } from './constraints/json-string.ts';
import { SERVICE_CONSTRAINTS } from './constraints/services.ts';
import { expirationProblem, isoTimeProblem, timezoneProblem } from './constraints/time.ts';

/** What is wrong with a value; undefined when it is right. */
type Check = (value: Json) => string | undefined;

/**
 * Heat's named constraints (the section heat.constraints of its setup.cfg). Those of a text's form are checked; those that
 * a cloud's service answers (`nova.flavor`) are taken as fulfilled, since only the service could tell. `now`: the time in
 * milliseconds, for `expiration`.
 */
export function heatConstraints(now: () => number): CustomConstraints {
  const checked: { readonly [name: string]: Check } = {
    ip_addr: ipAddressProblem,
    mac_addr: macAddressProblem,
    net_cidr: netCidrProblem,
    ip_or_cidr: ipOrCidrProblem,
    dns_name: dnsNameProblem,
    dns_domain: dnsDomainProblem,
    rel_dns_name: relativeDnsNameProblem,
    iso_8601: isoTimeProblem,
    timezone: timezoneProblem,
    json_string: jsonStringProblem,
    cron_expression: cronProblem,
    expiration: (value) => expirationProblem(value, now()),
  };
  return Object.fromEntries([
    ...SERVICE_CONSTRAINTS.map((name) => [name, () => true] as const),
    ...Object.entries(checked).map(([name, check]) => [name, (value: Json) => check(value) ?? true] as const),
  ]);
}
