export { type GuardedContext, type GuardedOptions, guarded } from './guarded.js';
export { guardedFile, guardedSync } from './on-sqlite.js';
export type { PlainTransaction, TransactionOf, UnknownClient } from './types.js';
