/** Whether tests with random input take much of it: `npm run check:attacks`, `check:matrix` and `check:types`. */
export const isThorough =
  (import.meta as ImportMeta & { env: { readonly MODE: string } }).env.MODE === 'thorough';
