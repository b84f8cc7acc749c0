import { willsSettings } from '@ashlar/wills';
import { describe, expect, it } from 'vitest';

describe('the settings of wills', () => {
  it('default to 1.0', () => {
    expect(willsSettings({})).toEqual({ consent_version: '1.0', privacy_policy_version: '1.0' });
  });

  it('come from the environment', () => {
    const env = { CONSENT_VERSION: ' 2.1 ', PRIVACY_POLICY_VERSION: '2026-03', PATH: '/bin' };
    expect(willsSettings(env)).toEqual({ consent_version: '2.1', privacy_policy_version: '2026-03' });
  });

  it('are refused with the names of the invalid variables', () => {
    const env = { CONSENT_VERSION: ' ', PRIVACY_POLICY_VERSION: 'x'.repeat(51) };
    expect(() => willsSettings(env)).toThrow(
      expect.objectContaining({
        code: 'settings-invalid',
        detail: 'CONSENT_VERSION is empty.\nPRIVACY_POLICY_VERSION is longer than 50 characters.',
      }),
    );
  });
});
