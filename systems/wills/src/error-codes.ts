import { defineErrors } from 'ashlar';

/** The error codes that only this system throws. */
export const willsErrors = defineErrors('wills', {
  'consent-required': {
    exit: 1,
    meaning:
      'The person has not consented to this category, has withdrawn the consent, or has consented to older texts than those in force. Nothing was processed.',
  },
});

declare module 'ashlar' {
  interface SystemErrors {
    readonly wills: typeof willsErrors;
  }
}
