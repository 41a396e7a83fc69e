import { describe, expect, test } from 'vitest';
import { fragmentOf, readFragment } from '../../../../src/inspector/page/fragment.ts';

describe('the fragment of the address', () => {
  test.each([
    { session: 's-1', log: 'l-1', turn: 45 },
    { session: 's-1', log: '', turn: null },
    { session: '<img src=x> & #a=b% ü', log: 'file:1:a b.jsonl', turn: 0 },
    { session: '', log: '', turn: null },
  ])('leads back to %j', (place) => {
    expect(readFragment(fragmentOf(place))).toEqual({ place, token: null });
  });

  test('has nothing in it where nothing is shown', () => {
    expect(fragmentOf({ session: '', log: '', turn: null })).toBe('');
  });

  test('gives the token out once, and never writes it', () => {
    const { place, token } = readFragment('#token=abc%2B1&session=s&turn=3');
    expect(token).toBe('abc+1');
    expect(fragmentOf(place)).toBe('#session=s&turn=3');
  });

  test.each(['#turn=-1', '#turn=1.5', '#turn=1e3', '#turn=99999999999', '#turn=x', '#turn='])(
    'follows where the turn is none: %s',
    (hash) => {
      expect(readFragment(hash).place.turn).toBeNull();
    },
  );
});
