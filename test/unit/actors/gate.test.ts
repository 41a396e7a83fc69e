/** Guarantees of the gate: closed it holds every waiter, opened it lets all of them go, closed again it holds who was late. */
import { expect, test } from 'vitest';
import { Gate } from '../../../src/actors/gate.ts';
import { settle } from '../../support/actors/hand-stream.ts';

test('an open gate holds nobody', async () => {
  const gate = new Gate();
  expect(gate.isClosed).toBe(false);
  await gate.whenOpen();
});

test('a closed gate holds every waiter until it is opened, and opens to all', async () => {
  const gate = new Gate();
  const passed: string[] = [];
  gate.close();
  void gate.whenOpen().then(() => passed.push('a'));
  void gate.whenOpen().then(() => passed.push('b'));
  await settle();
  expect({ isClosed: gate.isClosed, passed }).toEqual({ isClosed: true, passed: [] });
  gate.open();
  gate.open();
  await settle();
  expect({ isClosed: gate.isClosed, passed }).toEqual({ isClosed: false, passed: ['a', 'b'] });
});

test('a waiter stays if the gate is closed again before it could go', async () => {
  const gate = new Gate();
  const passed: string[] = [];
  gate.close();
  void gate.whenOpen().then(() => passed.push('a'));
  gate.open();
  gate.close();
  await settle();
  expect(passed).toEqual([]);
  gate.open();
  await settle();
  expect(passed).toEqual(['a']);
});
