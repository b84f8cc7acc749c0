import { sophiaSettings } from '@ashlar/sophia';
import { describe, expect, it } from 'vitest';

describe('the settings of sophia', () => {
  it('default to 85', () => {
    expect(sophiaSettings({})).toEqual({ duplicate_score: 85 });
  });

  it('come from the environment', () => {
    expect(sophiaSettings({ DUPLICATE_SCORE: '70', PATH: '/bin' })).toEqual({ duplicate_score: 70 });
  });

  it('are refused with the name of the invalid variable', () => {
    for (const DUPLICATE_SCORE of ['', '101', '7.5', 'high'])
      expect(() => sophiaSettings({ DUPLICATE_SCORE })).toThrow(
        expect.objectContaining({
          code: 'settings-invalid',
          detail: 'DUPLICATE_SCORE must be a whole number from 0 to 100.',
        }),
      );
  });
});
