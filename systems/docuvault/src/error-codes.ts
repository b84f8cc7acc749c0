import { defineErrors } from 'ashlar';

/** The error codes that only this system throws. */
export const docuvaultErrors = defineErrors('docuvault', {
  'access-denied': {
    exit: 1,
    meaning: 'The user can see the document or folder, but may not perform this operation on it.',
  },
  'quota-exceeded': {
    exit: 1,
    meaning: 'The upload exceeds the user’s quota. Nothing was stored.',
  },
  'size-exceeded': { exit: 1, meaning: 'The upload is larger than allowed. Nothing was stored.' },
  'bytes-missing': { exit: 1, meaning: 'The content of a document is not stored.' },
});

declare module 'ashlar' {
  interface SystemErrors {
    readonly docuvault: typeof docuvaultErrors;
  }
}
