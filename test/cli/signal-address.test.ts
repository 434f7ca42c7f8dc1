import { describe, expect, test } from '@jest/globals';
import { signalUrlChoice } from '../../src/cli/signal-address.ts';
import { ioDouble } from './io-double.ts';

describe('--signal-address', () => {
  test.each([
    { given: undefined, choice: undefined },
    { given: '8080', choice: { port: 8080 } },
    { given: '192.168.0.7:8080', choice: { host: '192.168.0.7', port: 8080 } },
    { given: '192.168.0.7', choice: { host: '192.168.0.7' } },
    { given: 'db-1.example:1', choice: { host: 'db-1.example', port: 1 } },
    { given: '[::1]:8080', choice: { host: '::1', port: 8080 } },
    { given: '[::1]', choice: { host: '::1' } },
  ])('$given is $choice', ({ given, choice }) => {
    expect(signalUrlChoice(ioDouble(), given)).toEqual(choice);
    const io = { ...ioDouble(), env: given === undefined ? {} : { HOTLOOM_SIGNAL_ADDRESS: given } };
    expect(signalUrlChoice(io, undefined)).toEqual(choice);
  });

  test.each(['::1', 'a:', ':80', 'a:b', '65536', 'a:65536', '1.2.3.4:80:80', '[::1', '123456'])(
    '%s is refused',
    (given) => {
      expect(() => signalUrlChoice(ioDouble(), given)).toThrow(
        `'${given}' is no address for signals.\n` +
          '  It says where the URLs are served by which resources are signalled.\n' +
          "  Write a port, a host, or both: '8080', '192.168.0.7:8080', '[::1]:8080'.",
      );
    },
  );
});
