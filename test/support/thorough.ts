const { MODE: mode } = (import.meta as ImportMeta & { env: { readonly MODE: string } }).env;

/** Whether tests with random input take much of it: `npm run check:attacks`, `check:matrix` and `check:types`. */
export const isThorough = mode === 'thorough';

/** Whether files that take one engine of each dialect take the other one: `npm run test:others`. */
export const isOthers = mode === 'others';
