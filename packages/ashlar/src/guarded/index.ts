export { type GuardedContext, type GuardedOptions, guarded } from './guarded.js';
export type { PlainTransaction, TransactionOf, UnknownClient } from './types.js';
