/** A parameter as it travels: text, bytes, or NULL. */
export type WireValue = string | Buffer | null;

/** One statement on its way. Without `values` it may be several statements in one text. */
export interface Request {
  readonly text: string;
  readonly values?: readonly WireValue[];
  /** Prepare it once on this connection and keep it. */
  readonly keep?: boolean;
}

/** One column of an answer: its type's OID, and the type's modifier (-1 for none). */
export interface Field {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
}

/** What came back, undecoded. `command` is the first word of its tag: SELECT, INSERT, ROLLBACK. */
export interface Reply {
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly command: string;
  readonly count: number;
}

/**
 * One connection, as the rest of the engine sees it. Statements sent without waiting travel together and are answered
 * in order. Rejections are the driver's own errors.
 */
export interface Channel {
  /**
   * The role that its connection acts as outside of transactions. `null` is its user; `undefined` is not known, as after
   * SQL of somebody else's ran on it.
   */
  role: string | null | undefined;
  send(request: Request): Promise<Reply>;
}

/** A connection that is ours alone until it is given back. */
export interface Lease {
  readonly channel: Channel;
  /** Gives it back. A broken one is not used again. */
  release(broken?: boolean): void;
}

/** Where connections come from. */
export interface Leases {
  take(): Promise<Lease>;
}
