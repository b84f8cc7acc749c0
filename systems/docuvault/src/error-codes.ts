import { defineErrors } from 'ashlar';

/** The error codes that only this system throws. */
export const docuvaultErrors = defineErrors('docuvault', {
  'login-required': {
    exit: 1,
    meaning:
      'The login is unknown, has ended, or lacks the TOTP code that its user needs; or the user is deactivated. Nothing was read or changed.',
  },
  'confirmation-refused': {
    exit: 1,
    meaning:
      'The operation needs the caller’s password again, and the TOTP code if TOTP is on; it is missing or wrong, or too many attempts have failed. Nothing was changed.',
  },
  'access-denied': {
    exit: 1,
    meaning:
      'The user can see the document or folder, but may not perform this operation on it; or only an administrator may perform it.',
  },
  'quota-exceeded': {
    exit: 1,
    meaning: 'The upload exceeds the user’s quota. Nothing was stored.',
  },
  'size-exceeded': { exit: 1, meaning: 'The upload is larger than allowed. Nothing was stored.' },
  'bytes-missing': { exit: 1, meaning: 'The content of a document is not stored.' },
  'store-failed': {
    exit: 3,
    meaning: 'The bucket that stores the content of documents did not answer, or refused a request.',
  },
});

declare module 'ashlar' {
  interface SystemErrors {
    readonly docuvault: typeof docuvaultErrors;
  }
}
