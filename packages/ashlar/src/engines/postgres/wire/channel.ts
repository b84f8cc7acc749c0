/** The value of a parameter as it is sent to the server: text, bytes, or NULL. */
export type WireValue = string | Buffer | null;

/**
 * One statement to send. Without `values`, the text may contain several statements; with `values`, also empty ones, the
 * server refuses a second statement.
 */
export interface Request {
  readonly text: string;
  readonly values?: readonly WireValue[];
  /** Whether to prepare the statement once on this connection and reuse it. */
  readonly keep?: boolean;
}

/**
 * One column of a reply: its name, the OID of its type, and the type modifier (-1 for none). If it comes directly from a
 * column of a table, also the OID of that table and the number of that column; otherwise both are 0.
 */
export interface Field {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
}

/**
 * The reply to a statement, with all values as the server sent them. `command` is the first word of the command tag:
 * SELECT, INSERT, ROLLBACK. `inTransaction` says whether a transaction was open, and had not failed, when the server was
 * ready for more.
 */
export interface Reply {
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly command: string;
  readonly count: number;
  readonly inTransaction: boolean;
}

/**
 * One connection to PostgreSQL or PGlite. Statements that are sent without waiting are pipelined, and answered in
 * order. Rejections are errors of the driver.
 */
export interface Channel {
  /**
   * The role that the connection acts as outside transactions. `null`: the connected user. `undefined`: unknown,
   * because SQL of a session may have changed it.
   */
  role: string | null | undefined;
  send(request: Request): Promise<Reply>;
  /**
   * Sends statements in one packet, each a text of one statement, and returns the reply to the last. After one that fails the
   * server runs none of the others.
   */
  together(requests: readonly Request[]): Promise<Reply>;
}

/** A connection for exclusive use until it is released. */
export interface Lease {
  readonly channel: Channel;
  /** Returns the connection to its source. A broken connection is closed. */
  release(broken?: boolean): void;
  /** Asks the server to cancel the running statement. Missing where no statement can be running. Never fails. */
  cancel?(): Promise<void>;
}

/** A source of connections, such as a pool. */
export interface Leases {
  /**
   * Waits for a connection, at most `lockTimeout` milliseconds during which none is returned.
   *
   * @throws AshlarError `lock-timeout`, `database-closed`
   */
  take(lockTimeout?: number): Promise<Lease>;
}
