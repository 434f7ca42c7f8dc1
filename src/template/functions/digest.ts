import { createHash, getHashes } from 'node:crypto';
import type { Json } from '../../values.ts';
import { listNames, suggest } from '../../wording.ts';
import type { ParseCall } from '../parser.ts';
import { ComputedCall, computedAt } from './computed-call.ts';

/** Names of Python's hashlib for which OpenSSL has another. */
const OPENSSL_NAMES: ReadonlyMap<string, string> = new Map([
  ['sha3_224', 'sha3-224'],
  ['sha3_256', 'sha3-256'],
  ['sha3_384', 'sha3-384'],
  ['sha3_512', 'sha3-512'],
  ['sha512_224', 'sha512-224'],
  ['sha512_256', 'sha512-256'],
  ['blake2b', 'blake2b512'],
  ['blake2s', 'blake2s256'],
]);

const PLAIN_ALGORITHMS = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

const ALGORITHMS = [...PLAIN_ALGORITHMS, ...OPENSSL_NAMES.keys()];

/**
 * `digest: [algorithm, text]`: the hash of the text, in hexadecimal digits. The text is taken as Latin-1, so other
 * characters are an error (heat/engine/hot/functions.py, Digest).
 */
export class Digest extends ComputedCall {
  static readonly parse: ParseCall = (args, site) => computedAt(site, Digest, site.expression(args));

  protected override compute(args: Json): Json {
    const fix = 'Write {digest: [sha256, text]}.';
    if (!Array.isArray(args) || !args.every((item) => typeof item === 'string')) {
      const what = `Argument to function "${this.name}" must be a list of strings`;
      throw this.wrong(what, 'It has an algorithm and a text.', fix);
    }
    const [algorithm, text] = args as readonly string[];
    if (algorithm === undefined || text === undefined || args.length !== 2) {
      const what = `Function "${this.name}" usage: ["<algorithm>", "<value>"]`;
      throw this.wrong(what, `It has ${args.length} arguments.`, fix);
    }
    const name = algorithm.toLowerCase();
    const known = OPENSSL_NAMES.get(name) ?? name;
    // Python finds these in small letters only.
    const isKnown = /^(?:sha3_|blake2)/.test(name)
      ? name === algorithm && OPENSSL_NAMES.has(name)
      : getHashes().includes(known);
    if (!isKnown && !PLAIN_ALGORITHMS.includes(name)) {
      const what = `Algorithm must be one of ${listNames(ALGORITHMS)}`;
      throw this.wrong(what, `There is no algorithm '${algorithm}'.`, `${suggest(name, ALGORITHMS)}${fix}`);
    }
    if (!/^[\x00-\xff]*$/.test(text)) {
      const what = "'latin-1' codec can't encode a character of the text";
      throw this.wrong(what, 'Heat makes digests of Latin-1 texts.', 'Leave the other characters out.');
    }
    return createHash(known).update(Buffer.from(text, 'latin1')).digest('hex');
  }
}
