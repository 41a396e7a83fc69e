/** Guarantees of a pause: it holds every waiter, its end lets all of them go, and one that begins again holds who was late. */
import { expect, test } from 'vitest';
import { Pause } from '../../../src/actors/pause.ts';
import { settle } from '../../support/actors/hand-stream.ts';

test('without a pause nobody waits', async () => {
  const pause = new Pause();
  expect(pause.isOn).toBe(false);
  await pause.whenOver();
});

test('a pause holds every waiter until it ends, and lets all of them go', async () => {
  const pause = new Pause();
  const passed: string[] = [];
  pause.begin();
  void pause.whenOver().then(() => passed.push('a'));
  void pause.whenOver().then(() => passed.push('b'));
  await settle();
  expect({ isOn: pause.isOn, passed }).toEqual({ isOn: true, passed: [] });
  pause.end();
  pause.end();
  await settle();
  expect({ isOn: pause.isOn, passed }).toEqual({ isOn: false, passed: ['a', 'b'] });
});

test('a waiter stays if the next pause begins before it could go', async () => {
  const pause = new Pause();
  const passed: string[] = [];
  pause.begin();
  void pause.whenOver().then(() => passed.push('a'));
  pause.end();
  pause.begin();
  await settle();
  expect(passed).toEqual([]);
  pause.end();
  await settle();
  expect(passed).toEqual(['a']);
});
