import { isJsonObject, type Json, type JsonObject } from '../../values.ts';
import { listNames, suggest } from '../../wording.ts';
import { type Expression, FunctionCall, isExpressionMap } from '../expression.ts';
import type { ParseCall } from '../parser.ts';
import { pythonText } from '../python.ts';
import { ComputedCall, computedAt, kindOf } from './computed-call.ts';

const KEYS = ['scheme', 'username', 'password', 'host', 'port', 'path', 'query', 'fragment'] as const;

const FIX = 'Write {make_url: {scheme: https, host: example.org, port: 8080, path: /v1, query: {key: value}}}.';

/** Schemes for which Python's urlunsplit writes `//` even without a host (urllib.parse.uses_netloc). */
const WITH_SLASHES = new Set(
  'ftp http gopher nntp telnet imap wais file mms https shttp snews prospero rtsp rtspu rsync svn svn+ssh sftp nfs git git+ssh ws wss'.split(
    ' ',
  ),
);

/** `make_url: {scheme, username, password, host, port, path, query, fragment}` (heat/engine/hot/functions.py, MakeURL). */
export class MakeUrl extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => {
    const parsed = site.expression(args);
    if (!isExpressionMap(parsed)) {
      return site.refuse(`The arguments to "${site.name}" must be a map`, 'Each part of the address has a name.', FIX);
    }
    const unknown = Object.keys(parsed).filter((key) => !(KEYS as readonly string[]).includes(key));
    if (unknown.length > 0) {
      const why = `The parts are ${listNames(KEYS)}.`;
      return site.refuse(
        `Invalid arguments to "${site.name}": ${unknown.join(', ')}`,
        why,
        `${suggest(unknown[0] as string, KEYS)}${FIX}`,
      );
    }
    const wrong = wrongArgument(parsed, site.name);
    if (wrong !== undefined) return site.refuse(wrong, 'A part of the address cannot be that.', FIX);
    return computedAt(site, MakeUrl, parsed);
  };

  protected override compute(args: Json): Json {
    const parts = args as JsonObject;
    const wrong = wrongArgument(parts, this.name);
    if (wrong !== undefined) throw this.wrong(wrong, 'A part of the address cannot be that.', FIX);
    const text = (key: (typeof KEYS)[number]): string => this.#textOf(parts, key);
    const scheme = text('scheme');
    if (scheme.includes(':'))
      throw this.wrong(`URL "scheme" should not contain ':'`, 'The colon behind it is added.', FIX);
    return unsplit(
      scheme,
      hostOf(text, parts.port ?? ''),
      quote(text('path'), '/'),
      this.#query(parts.query ?? {}),
      quote(text('fragment'), '/'),
    );
  }

  #textOf(parts: JsonObject, key: (typeof KEYS)[number]): string {
    const value = Object.hasOwn(parts, key) ? parts[key] : '';
    if (typeof value === 'string') return value;
    throw this.wrong(
      `The "${key}" argument to "${this.name}" must be a string`,
      `It is ${kindOf(value ?? null)}.`,
      FIX,
    );
  }

  #query(query: Json): string {
    if (!isJsonObject(query))
      throw this.wrong(`The "query" argument to "${this.name}" must be a map`, `It is ${kindOf(query)}.`, FIX);
    return Object.entries(query)
      .map(([key, value]) => `${quotePlus(key)}=${quotePlus(pythonText(value))}`)
      .join('&')
      .replaceAll('%2F', '/');
  }
}

/** Heat stops checking at the query, so that it never checks the fragment. */
function wrongArgument(args: { readonly [key: string]: Expression }, name: string): string | undefined {
  for (const key of KEYS) {
    const value = Object.hasOwn(args, key) ? args[key] : undefined;
    if (value === undefined) continue;
    const isCall = value instanceof FunctionCall;
    if (key === 'query')
      return isCall || isExpressionMap(value) ? undefined : `The "query" argument to "${name}" must be a map`;
    if (isCall) continue;
    if (key === 'port') {
      const port = typeof value === 'string' && /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : value;
      if (typeof port !== 'number') return `Invalid URL port "${String(value)}" for ${name}`;
      if (port <= 0 || port > 65_535) return `Invalid URL port ${port}, must be in range 1-65535`;
    } else if (typeof value !== 'string') return `The "${key}" argument to "${name}" must be a string`;
  }
  return undefined;
}

function hostOf(text: (key: (typeof KEYS)[number]) => string, port: Json): string {
  const [user, password] = [quote(text('username'), ''), quote(text('password'), '')];
  const login = user === '' && password === '' ? '' : `${user}${password === '' ? '' : `:${password}`}@`;
  const given = text('host');
  const host = quote(given.startsWith('[') && given.endsWith(']') ? given.slice(1, -1) : given, ':');
  const shownPort = port === '' || port === 0 ? '' : `:${pythonText(port)}`;
  return `${login}${host.includes(':') ? `[${host}]` : host}${shownPort}`;
}

/** Python's urllib.parse.urlunsplit. */
function unsplit(scheme: string, host: string, path: string, query: string, fragment: string): string {
  let url = path;
  if (host !== '' || (WITH_SLASHES.has(scheme) && !url.startsWith('//'))) {
    if (url !== '' && !url.startsWith('/')) url = `/${url}`;
    url = `//${host}${url}`;
  }
  if (scheme !== '') url = `${scheme}:${url}`;
  if (query !== '') url = `${url}?${query}`;
  return fragment === '' ? url : `${url}#${fragment}`;
}

/** Python's urllib.parse.quote: letters, digits and `_.-~` stay, and those of `safe`. */
function quote(text: string, safe: string): string {
  const bytes = Buffer.from(text, 'utf8');
  return [...bytes]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9_.~-]/.test(char) || safe.includes(char)
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function quotePlus(text: string): string {
  return text
    .split(' ')
    .map((part) => quote(part, ''))
    .join('+');
}
