import { isTrueInPython, pythonLength } from '../../../template/python.ts';
import type { Json } from '../../../values.ts';

// By heat/engine/constraint/common_constraints.py and heat/common/netutils.py. Each returns undefined for a value that is
// right, else the reason. No value is a right one.

const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;
const LABEL = new RegExp(`^[a-z0-9-]{1,${LONGEST_LABEL}}$`);

/** `dns_name`: labels of small letters, digits and hyphens. */
export function dnsNameProblem(value: Json): string | undefined {
  const reason = formatProblem(value);
  return reason === undefined ? undefined : `'${String(value)}' not in valid format. Reason: ${reason}`;
}

/** `rel_dns_name`: a name without the dot at its end, to which a domain can be added. */
export function relativeDnsNameProblem(value: Json): string | undefined {
  if (typeof value === 'string') {
    if (value.endsWith('.')) return `'${value}' is a FQDN. It should be a relative domain name.`;
    const length = pythonLength(value);
    if (length > LONGEST_NAME - 3) {
      return `'${value}' contains '${length}' characters. Adding a domain name will cause it to exceed the maximum length of a FQDN of '${LONGEST_NAME}'.`;
    }
  }
  return dnsNameProblem(value);
}

/** `dns_domain`: a name with a dot at its end. */
export function dnsDomainProblem(value: Json): string | undefined {
  const problem = dnsNameProblem(value);
  if (problem !== undefined || !isTrueInPython(value)) return problem;
  return (value as string).endsWith('.') ? undefined : `'${value as string}' must end with '.'.`;
}

function formatProblem(value: Json): string | undefined {
  if (!isTrueInPython(value)) return undefined;
  if (typeof value !== 'string') return 'It is not a text.';
  const trimmed = value.endsWith('.') ? value.slice(0, -1) : value;
  if (pythonLength(trimmed) > LONGEST_NAME) return `'${trimmed}' exceeds the ${LONGEST_NAME} character FQDN limit`;
  const labels = trimmed.split('.');
  for (const label of labels) {
    if (label === '') return 'Encountered an empty component.';
    if (label.startsWith('-') || label.endsWith('-')) return `Name '${label}' must not start or end with a hyphen.`;
    if (LABEL.test(label)) continue;
    return `Name '${label}' must be 1-${LONGEST_LABEL} characters long, each of which can only be alphanumeric or a hyphen.`;
  }
  const last = labels.at(-1) as string;
  const isTopLevel = value.endsWith('.') && labels.length > 1;
  return isTopLevel && /^[0-9]+$/.test(last) ? `TLD '${last}' must not be all numeric.` : undefined;
}
