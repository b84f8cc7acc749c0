import { defineErrors } from 'ashlar';

/** The error codes that only this system throws. */
export const docuvaultErrors = defineErrors('docuvault', {
  'access-denied': {
    exit: 1,
    meaning: 'The user can see the document or folder, but may not do that with it.',
  },
  'quota-exceeded': {
    exit: 1,
    meaning: 'The upload does not fit into the user’s quota. Nothing was stored.',
  },
  'size-exceeded': { exit: 1, meaning: 'The upload is larger than allowed. Nothing was stored.' },
  'bytes-missing': { exit: 1, meaning: 'The stored bytes of a document are missing.' },
});

declare module 'ashlar' {
  interface SystemErrors {
    readonly docuvault: typeof docuvaultErrors;
  }
}
