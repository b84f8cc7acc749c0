import { dollars } from '@ashlar/shipping';
import { expect, test } from 'vitest';

test.each([
  [0, '$0.00'],
  [5, '$0.05'],
  [123_456_789, '$1,234,567.89'],
  [-250, '-$2.50'],
  [Number.MAX_SAFE_INTEGER, '$90,071,992,547,409.91'],
])('%s cents in dollars', (cents, text) => expect(dollars(cents)).toBe(text));
