export { type DiscardOptions, type DiscardReport, discardMove } from './discard.js';
export type { LedgerHead } from './ledgers.js';
export { move } from './move.js';
export type { MoveOptions, MovePhase, MoveProgress, MoveReport } from './types.js';
