import type { Report } from '../../report.js';
import type { Channel } from '../wire/channel.js';
import type { ColumnCodecs } from '../wire/column-codecs.js';
import type { Lasting } from '../wire/lasting.js';
import type { Refusals } from '../wire/refusals.js';
import type { ContextSigner } from './context-signer.js';
import type { TransactionSettings } from './transaction-settings.js';

/** Functions that run before and after the COMMIT of a transaction that has sent statements. */
export interface Hooks {
  /** Runs in the transaction, right before its COMMIT; an error rolls the transaction back. */
  readonly beforeCommit?: (channel: Channel) => Promise<void>;
  readonly afterCommit?: () => void;
}

/** The parts of an engine that all its transactions share. */
export interface TransactionParts {
  /** The role that transactions act as; if `undefined`, they act as the connected user. */
  readonly role: string | undefined;
  readonly refusals: Refusals;
  readonly codecs: ColumnCodecs;
  readonly report: Report | undefined;
  readonly hooks: Hooks;
  readonly lasting: Lasting;
  readonly signer: ContextSigner;
  /** What each transaction sets itself; `undefined` where connections keep their settings. */
  readonly settings: TransactionSettings | undefined;
}
