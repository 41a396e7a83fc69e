/** Which Host headers name this server ("DNS rebinding"): the four things that src/observe/own-hosts.ts says hold. */
import { describe, expect, test } from 'vitest';
import { createOwnHosts } from '../../../src/observe/own-hosts.ts';

const local = createOwnHosts({ listenHost: '127.0.0.1', allowedHosts: [] });
const everywhere = createOwnHosts({ listenHost: '0.0.0.0', allowedHosts: [] });

const loopback = [
  'localhost',
  'LocalHost',
  'LOCALHOST:8080',
  'localhost.',
  'localhost.:8080',
  'localhost:',
  '127.0.0.1',
  '127.0.0.1:1',
  '127.0.0.1:65535',
  '127.255.0.3:80',
  '[::1]',
  '[::1]:8080',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]:80',
];
const foreign = [
  'evil.example',
  'evil.example:8080',
  'localhost.evil.example',
  'evil.localhost.example:80',
  '127.0.0.1.evil.example',
  'notlocalhost',
  'localhost..',
  'local host',
  'localhost/',
  'localhost@evil.example',
  'evil.example@localhost',
  'http://localhost',
  'localhost:http',
  'localhost:123456',
  'localhost, evil.example',
  '127.1',
  '0x7f.0.0.1',
  '2130706433',
  '::1',
  '[localhost]',
  '[127.0.0.1]',
  '[::1',
  '[::1]x',
  '[::g]',
  '',
  ' ',
  '.',
  ':8080',
  'локалхост',
  'x'.repeat(5_000),
];
const addresses = ['10.1.2.3', '10.1.2.3:8080', '192.168.0.7', '8.8.8.8:80', '[fd00::7]:8080', '[2001:DB8::1]'];

describe('a server that listens on loopback', () => {
  test.each(loopback)('is %j', (authority) => {
    expect(local(authority)).toBe(true);
  });

  test.each([...foreign, ...addresses, '0.0.0.0', '[::]'])('is not %j', (authority) => {
    expect(local(authority)).toBe(false);
  });
});

describe('a server that listens beyond loopback', () => {
  test.each([...loopback, ...addresses, '0.0.0.0:8080'])('is %j', (authority) => {
    expect(everywhere(authority)).toBe(true);
  });

  test.each(foreign)('is not %j', (authority) => {
    expect(everywhere(authority)).toBe(false);
  });

  test('is the name that it listens by, and no part of it', () => {
    const named = createOwnHosts({ listenHost: 'Voice.Internal', allowedHosts: [] });
    expect(['voice.internal', 'VOICE.internal.:9000'].map(named)).toEqual([true, true]);
    expect(['internal', 'my.voice.internal', 'voice.internal.evil.example'].map(named)).toEqual([false, false, false]);
  });
});

describe('HTTP_ALLOWED_HOSTS', () => {
  test('names whom it names, and nobody below them', () => {
    const isOwn = createOwnHosts({ listenHost: '127.0.0.1', allowedHosts: ['voice.example', 'fd00::7', '10.1.2.3'] });
    expect(['voice.example:443', 'Voice.Example.', '[FD00:0::7]:80', '10.1.2.3'].map(isOwn)).toEqual(
      Array(4).fill(true),
    );
    expect(['a.voice.example', 'voice.example.evil', '10.1.2.4', '[fd00::8]'].map(isOwn)).toEqual(Array(4).fill(false));
  });

  test('* is everybody', () => {
    const isOwn = createOwnHosts({ listenHost: '127.0.0.1', allowedHosts: ['*'] });
    expect(foreign.every(isOwn)).toBe(true);
  });
});
