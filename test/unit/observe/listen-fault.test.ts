/** A server that can not listen: what an operator reads, whatever library the error came from. */
import { expect, test } from 'vitest';
import { listenFault, withFilesAdvice } from '../../../src/server/listen-fault.ts';

const address = { server: 'HTTP', host: '127.0.0.1', port: 1 } as const;

function systemError(code: string): Error {
  return Object.assign(new Error(`listen ${code}: words of the system 127.0.0.1:1`), { code });
}

test.each([
  [
    'EADDRINUSE',
    'the port is taken (EADDRINUSE), perhaps by another Recital; `lsof -nP -iTCP:1 -sTCP:LISTEN` shows by what',
  ],
  [
    'EACCES',
    "this user may not open it (EACCES): ports below 1024 are the system's as a rule; set HTTP_PORT to a higher one",
  ],
  ['EADDRNOTAVAIL', 'this machine has no such address (EADDRNOTAVAIL); set HTTP_HOST to one of its own'],
  ['EAFNOSUPPORT', "this machine can't open an address of that kind (EAFNOSUPPORT); set HTTP_HOST to another one"],
  ['ENOTFOUND', 'the host name "127.0.0.1" is not known here (ENOTFOUND); set HTTP_HOST to an address of this machine'],
  ['EAI_AGAIN', 'the host name "127.0.0.1" is not known here (EAI_AGAIN)'],
  ['EMFILE', 'too many files are open (EMFILE); allow more, for example with `ulimit -n 4096`'],
])('%s: which setting, what is wrong, what to do, in one line', (code, advice) => {
  for (const error of [
    systemError(code),
    new Error(`No address added out of total 1 resolved errors: [listen ${code}: x]`),
  ]) {
    const line = listenFault(address, error);
    expect(line.startsWith(`HTTP_HOST, HTTP_PORT: cannot listen on 127.0.0.1:1: ${advice}`)).toBe(true);
    expect(line).not.toContain('\n');
  }
});

test('an address of six groups is written as one types it; words that nobody foresaw are told as they are', () => {
  expect(listenFault({ server: 'GRPC', host: '::1', port: 5 }, new Error('odd'))).toBe(
    'GRPC_HOST, GRPC_PORT: cannot listen on [::1]:5: odd',
  );
  expect(listenFault(address, new Error('Name resolution failed for target dns:x:1'))).toContain('is not known here');
});

test('whichever part finds no file left, what helps stands behind its words, once', () => {
  const advice = (code: string) => `too many files are open (${code}); allow more, for example with \`ulimit -n 4096\``;
  for (const [reason, said] of [
    ['a worker died: Worker initialization failure: EMFILE', advice('EMFILE')],
    ["a worker died: EMFILE: too many open files, open '/x.js'", advice('EMFILE')],
    ['the store did not start: spawn node ENFILE', advice('ENFILE')],
    ['a worker died: Cannot read package config /tmp/package.json: too many open files.', advice('EMFILE')],
  ] as const)
    expect(withFilesAdvice(reason)).toBe(`${reason.replace(/\.$/, '')}: ${said}`);
  const told = listenFault(address, systemError('EMFILE'));
  for (const reason of [told, 'the port is taken (EADDRINUSE)', 'no such model: EMFILEX'])
    expect(withFilesAdvice(reason)).toBe(reason);
});
