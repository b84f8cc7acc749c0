import type { ResultKinds } from '../../../contract/answers.js';
import type { Column } from '../../../contract/column.js';
import type { TableFacts } from '../../../contract/table.js';
import type { QueryResult, Transaction, TransactionOptions } from '../../../contract/transaction.js';
import { isAshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { Usage } from '../../report.js';
import type { Lease, Leases, Reply, Request } from '../wire/channel.js';
import { decodeReply, decodeRows } from '../wire/decode.js';
import { isConnectionLost, isStaleStatement } from '../wire/driver-error.js';
import { wireValues } from '../wire/parameters.js';
import { reported } from '../wire/report.js';
import { isKept } from '../wire/statement-kind.js';
import { beginControls, refuseSnapshot, timeOfBegin } from './begin.js';
import { isBegun } from './begun.js';
import { committed } from './committed.js';
import { type Context, isContextRefused } from './context-signer.js';
import { type Control, controlRequests } from './control.js';
import { readCursor } from './cursor.js';
import { cursorName } from './cursor-name.js';
import { ended, endedByStatement, lost, notBegun } from './end-errors.js';
import { insertManyRequest } from './insert-many.js';
import { TransactionEnd } from './transaction-end.js';
import type { TransactionParts } from './transaction-parts.js';
import { holding } from './transaction-settings.js';

const longestOpening = 3;

/**
 * A transaction on a leased connection. BEGIN, the context and savepoints are sent together with the next statement, in
 * one round trip. A transaction without statements sends nothing.
 */
export class PostgresTransaction implements Transaction {
  readonly #leases: Leases;
  readonly #parts: TransactionParts;
  readonly #begin: readonly Control[];
  readonly #context: Context;
  readonly #lockTimeout: number | undefined;
  readonly #deferrable: boolean;
  readonly #asOwner: boolean;
  readonly #ending: TransactionEnd;
  #lease: Lease;
  /** What is sent before the next statement: texts, and contexts, which are signed when they are sent. */
  #waiting: Control[] = [];
  /** The time in the tokens of this transaction, which must be near that of its BEGIN. */
  #issued = 0;
  #state: 'new' | 'open' | 'lost' | 'ended' = 'new';
  /** The error of all that follows in the state `lost`. */
  #whyLost = lost;
  #opening: Promise<unknown> | undefined;
  #broken = false;
  #inFlight = 0;
  #interrupted = false;
  #undoing = false;
  #withdrawn: string | undefined;

  /** @throws AshlarError `value-unstorable` for an actor or scope with NUL or a lone surrogate */
  constructor(leases: Leases, lease: Lease, options: TransactionOptions, parts: TransactionParts) {
    this.#leases = leases;
    this.#lease = lease;
    this.#begin = beginControls(options, parts.role, parts.settings);
    this.#context = { actor: options.actor, scope: options.scope };
    wireValues([options.actor, options.scope]);
    this.#lockTimeout = options.lockTimeout;
    this.#deferrable = options.deferrable ?? false;
    this.#asOwner = options.asOwner ?? false;
    this.#ending = new TransactionEnd(parts.lasting, parts.settings);
    this.#parts = parts;
  }

  async execute(sql: string, parameters: readonly unknown[], kinds?: ResultKinds): Promise<QueryResult> {
    return decodeReply(
      await this.#run(sql, {
        text: sql,
        values: wireValues(parameters),
        keep: isKept(sql) && parameters.length > 0,
      }),
      this.#parts.codecs.origin,
      kinds,
    );
  }

  async *stream(
    sql: string,
    parameters: readonly unknown[],
    chunk: number | (() => number),
    kinds?: ResultKinds,
  ): AsyncIterable<Record<string, unknown>> {
    const cursor = cursorName();
    const usage = new Usage(this.#parts.report, sql);
    const query = { cursor, sql, values: wireValues(parameters), chunk };
    const run = (request: Request) => usage.during(() => this.#translated(sql, request));
    try {
      for await (const reply of readCursor(query, run)) {
        usage.rows += reply.rows.length;
        yield* decodeRows(reply, this.#parts.codecs.origin, kinds);
      }
    } finally {
      usage.end();
      if (this.#state === 'open') this.#waiting.push(`CLOSE ${cursor}`);
    }
  }

  async insertMany(
    table: TableFacts,
    columns: readonly Column[],
    rows: readonly (readonly unknown[])[],
  ): Promise<number> {
    if (rows.length === 0) return 0;
    const request = insertManyRequest(table, columns, rows);
    return (await this.#run(request.text, request)).count;
  }

  async insertManyReturning(
    table: TableFacts,
    columns: readonly Column[],
    rows: readonly (readonly unknown[])[],
  ): Promise<Record<string, unknown>[]> {
    if (rows.length === 0) return [];
    const request = insertManyRequest(table, columns, rows, true);
    return decodeRows(await this.#run(request.text, request), this.#parts.codecs.origin);
  }

  async lock(name: string): Promise<void> {
    await this.execute('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text', [name]);
  }

  savepoint(name: string, readOnly = false): void {
    this.#waiting.push(`SAVEPOINT ${identifier(name)}`);
    // it ends with the savepoint (CommitSubTransaction and AbortSubTransaction in PostgreSQL's xact.c)
    if (readOnly) this.#waiting.push('SET LOCAL transaction_read_only = on');
  }

  async rollbackTo(name: string): Promise<void> {
    if (this.#withdraw(`SAVEPOINT ${identifier(name)}`)) {
      this.#withdrawn = name;
      return;
    }
    this.#waiting = [];
    const text = `ROLLBACK TO SAVEPOINT ${identifier(name)}`;
    await this.#run(text, { text });
  }

  release(name: string): void {
    // a savepoint that was withdrawn before it was sent does not exist
    if (this.#withdrawn === name) {
      this.#withdrawn = undefined;
      return;
    }
    if (!this.#withdraw(`SAVEPOINT ${identifier(name)}`))
      this.#waiting.push(`RELEASE SAVEPOINT ${identifier(name)}`);
  }

  actAs(context: Context): void {
    this.#waiting.push(context);
  }

  async commit(): Promise<void> {
    await this.#opening;
    if (this.#state === 'lost') {
      this.#end();
      throw this.#whyLost();
    }
    if (this.#state !== 'open') return this.#end();
    const { report, hooks, refusals } = this.#parts;
    try {
      await hooks.beforeCommit?.(this.#lease.channel);
    } catch (error) {
      await this.rollback();
      throw refusals.explained(error);
    }
    try {
      await reported(report, 'COMMIT', () =>
        committed(this.#ending.commit(this.#lease.channel), (error) => refusals.explained(error)),
      );
      hooks.afterCommit?.();
    } catch (error) {
      this.#broken ||= isAshlarError(error, 'outcome-unknown');
      throw error;
    } finally {
      this.#end();
    }
  }

  async rollback(): Promise<void> {
    // otherwise a connection that is being replaced would begin after this rollback
    await this.#opening;
    if (this.#state === 'open') {
      this.#undoing = true;
      try {
        await this.#ending.rolledBack(this.#lease.channel, this.#interrupted);
      } catch {
        // closing the connection rolls back
        this.#broken = true;
      }
    }
    this.#end();
  }

  async interrupt(): Promise<void> {
    if (this.#inFlight === 0) return;
    this.#interrupted = true;
    // the request may arrive late, when another session would use the connection
    this.#broken = true;
    await this.#lease.cancel?.();
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#broken ||= this.#state === 'lost' || this.#ending.isUnfit;
    this.#state = 'ended';
    this.#lease.release(this.#broken);
  }

  // withdraws a savepoint that was not sent yet, and everything after it
  #withdraw(savepoint: string): boolean {
    const at = this.#waiting.lastIndexOf(savepoint);
    if (at === -1) return false;
    this.#waiting.length = at;
    return true;
  }

  async #run(sql: string, request: Request): Promise<Reply> {
    return reported(this.#parts.report, sql, () => this.#translated(sql, request));
  }

  #translated(sql: string, request: Request): Promise<Reply> {
    const { refusals, codecs } = this.#parts;
    this.#ending.note(request.text);
    return refusals.translated(sql, async () => {
      const reply = await this.#send(request);
      const learning = codecs.learn(reply, this.#lease.channel);
      if (learning) await learning;
      return reply;
    });
  }

  async #send(request: Request): Promise<Reply> {
    // until BEGIN is answered, the connection may be replaced
    while (this.#opening) await this.#opening;
    if (this.#state === 'lost') throw this.#whyLost();
    if (this.#state === 'ended') throw ended();
    const control = this.#waiting;
    // one that cannot be signed leaves what waits, so that a savepoint among it is withdrawn
    const before = this.#state === 'open' ? this.#requests(control) : [];
    this.#waiting = [];
    if (this.#state === 'new') return this.#open(control, request);
    try {
      return this.#stillOpen(await this.#sent(before, request));
    } catch (error) {
      if (isConnectionLost(error)) this.#state = 'lost';
      if (isContextRefused(error)) this.#parts.signer.doubt();
      this.#broken ||= isStaleStatement(error);
      throw error;
    }
  }

  async #open(control: readonly Control[], request: Request): Promise<Reply> {
    let opened = (): void => undefined;
    this.#opening = new Promise<void>((resolve) => {
      opened = resolve;
    });
    try {
      return await this.#begun(control, request);
    } catch (error) {
      // statements that wait would be committed alone, each for itself
      if (this.#state !== 'ended' && !(await isBegun(this.#lease.channel, error))) {
        this.#state = 'lost';
        if (!isConnectionLost(error)) this.#whyLost = () => notBegun(this.#parts.refusals.explained(error));
      }
      throw error;
    } finally {
      this.#opening = undefined;
      opened();
    }
  }

  async #begun(control: readonly Control[], request: Request): Promise<Reply> {
    const { signer } = this.#parts;
    for (let attempt = 1, isRefused = false; ; attempt++) {
      if (signer.isDoubtful) await this.#learn();
      this.#state = 'open';
      this.#issued = signer.now();
      try {
        // the wait for a snapshot is no statement of the session
        const begin = isRefused || this.#deferrable ? await this.#beginFirst() : this.#begin;
        return this.#stillOpen(await this.#together([...begin, this.#context, ...control], request));
      } catch (error) {
        if (isContextRefused(error) && !isRefused) {
          // the token was stale, or the keys have changed: nothing has run yet
          isRefused = true;
          attempt--;
          await this.#lease.channel.send({ text: 'ROLLBACK' });
          await this.#learn();
          continue;
        }
        const replaceable = isConnectionLost(error) || isStaleStatement(error);
        if (!replaceable || attempt === longestOpening) throw error;
        // the server answered no statement of the transaction: begin it again on another connection
        this.#lease.release(true);
        this.#state = 'ended';
        this.#lease = await this.#leases.take(this.#lockTimeout);
        this.#state = 'new';
      }
    }
  }

  #learn(): Promise<void> {
    const { signer, settings } = this.#parts;
    const { channel } = this.#lease;
    return holding(settings, channel, () => signer.learn(channel));
  }

  // begins alone, and signs the time of that BEGIN: a wait before it, in a queue of the server, makes no token stale
  async #beginFirst(): Promise<readonly Control[]> {
    const begun = this.#together(this.#begin, { text: timeOfBegin });
    const { rows } = await (this.#deferrable ? begun.catch(refuseSnapshot) : begun);
    this.#issued = Number(rows[0]?.[0]);
    return [];
  }

  // what ran after the end of the transaction would be committed alone, and what ran before it cannot be undone
  #stillOpen(reply: Reply): Reply {
    if (reply.inTransaction || this.#undoing || this.#state !== 'open') return reply;
    this.#state = 'lost';
    this.#whyLost = endedByStatement;
    throw endedByStatement();
  }

  #requests(control: readonly Control[]): readonly Request[] {
    const { signer } = this.#parts;
    return controlRequests(control, (context) =>
      this.#asOwner ? signer.requestOfOwner(context, this.#issued) : signer.request(context, this.#issued),
    );
  }

  async #together(control: readonly Control[], request: Request): Promise<Reply> {
    return this.#sent(this.#requests(control), request);
  }

  async #sent(before: readonly Request[], request: Request): Promise<Reply> {
    this.#inFlight++;
    try {
      const { channel } = this.#lease;
      return await (before.length === 0 ? channel.send(request) : channel.together([...before, request]));
    } finally {
      this.#inFlight--;
    }
  }
}
