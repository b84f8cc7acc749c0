import type { BulkReader, BulkTable, BulkWriter, Checksum } from '../contract/bulk.js';
import type { Engine } from '../contract/engine.js';
import type { Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { installScopeKey } from '../keys/scope-key.js';
import { defaultActor } from '../migrations/actor.js';
import { assertDatabaseUsable } from '../migrations/foundation.js';
import { type AppliedStep, readHistory } from '../migrations/history.js';
import { forIncoming, incomingTable } from '../migrations/incoming.js';
import { ensureHistory } from '../migrations/initialise.js';
import { identifier, type Tables } from '../model/index.js';
import { proveIncoming } from '../prove/prove.js';
import type { ProveReport } from '../prove/report.js';
import { defaultRoles } from '../roles/names.js';
import { grantRights } from '../roles/roles.js';
import { type Compared, compareTables, differing, moveDiffers } from './compare.js';
import { EarlierRows } from './earlier-rows.js';
import { hasRows } from './has-rows.js';
import { assertSameLedgers, verifyLedgers } from './ledgers.js';
import { loadTable, sourceChecksum } from './load.js';
import { assertNone, type Source } from './look.js';
import { makeSchema } from './make-schema.js';
import { forgetTables, type Mark, type MarkDetail, readMark, writeDetail, writeMark } from './mark.js';
import { assertRestored, guaranteeBroken, moveRefused, notEmpty } from './refusals.js';
import type { MoveOptions, MovePhase, MoveReport } from './types.js';

/** One run of a move, from its first look at the target to the attacks. */
export class Run {
  readonly #from: Engine;
  readonly #to: Engine;
  readonly #reader: BulkReader;
  readonly #source: Source;
  readonly #options: MoveOptions;
  readonly #roles: Roles;
  readonly #tables: readonly BulkTable[];
  readonly #names: readonly string[];
  readonly #sums = new Map<string, Checksum>();
  readonly #seconds = { schema: 0, load: 0, objects: 0, compare: 0, verify: 0, prove: 0 };
  #compared: readonly Compared[] = [];
  #generators: ReadonlyMap<string, bigint> = new Map();
  #sequencesLeft: readonly string[] = [];
  #resumed = false;
  #loaded = 0;

  constructor(from: Engine, to: Engine, reader: BulkReader, source: Source, options: MoveOptions) {
    this.#from = from;
    this.#to = to;
    this.#reader = reader;
    this.#source = source;
    this.#options = options;
    this.#roles = options.roles ?? defaultRoles;
    this.#tables = source.tables;
    this.#names = this.#tables.map(({ name }) => name);
  }

  /** Does everything that needs the lock of migrations. Returns whether there was nothing to do. */
  async load(writer: BulkWriter): Promise<boolean> {
    const { owner } = writer;
    const started = performance.now();
    await assertDatabaseUsable(owner, this.#to.dialect, forIncoming(this.#to.dialect));
    const history = await readHistory(owner, this.#to.dialect);
    const found = history.length > 0 ? await readMark(owner) : undefined;
    if (!found) {
      // two URLs can lead to one database; a copy of a file has its history, too
      if (history.length > 0 && isSameHistory(history, this.#source.history))
        assertNone(['source and target are the same database, or one is a copy of the other']);
      const full = await this.#fullTables(owner);
      if (full.length > 0) return this.#assertComplete(writer, full);
    }
    this.#resumed = found !== undefined;
    let mark = found ?? (await this.#begin(writer));
    this.#assertSource(mark.detail);
    if (!mark.detail.schema) await this.#up(writer, mark);
    await this.#liftFor(writer, mark, started);
    mark = (await readMark(owner)) ?? mark;
    await this.#loadAll(writer, mark);
    return false;
  }

  async #begin({ owner, hide }: BulkWriter): Promise<Mark> {
    const { dialect } = this.#to;
    const actor = this.#options.actor ?? defaultActor();
    const { identity, layout } = this.#reader;
    return owner.atomically(async () => {
      const before = {
        schema: await this.#to.introspect(owner),
        steps: (await readHistory(owner, dialect)).map(({ system, step }) => [system, step] as const),
      };
      await ensureHistory(owner, dialect, actor);
      const detail = { identity, layout, steps: this.#source.steps, tables: this.#names, before };
      await writeMark(owner, dialect, detail, actor);
      await hide(incomingTable, this.#roleNames);
      return { detail, tables: new Map(), filled: new Set() };
    });
  }

  #assertSource({ identity, steps }: MarkDetail): void {
    if (identity !== this.#reader.identity) {
      throw new AshlarError('move-source-other', {
        message: 'The target holds an unfinished move from another source.',
        detail: `${this.#from.url} is not the database from which it was begun, or steps ran on it since. Nothing was written.`,
        suggestion: 'Give the source of the first run; or give that move up with `ashlar move … --discard`.',
      });
    }
    if (JSON.stringify(steps) !== JSON.stringify(this.#source.steps))
      assertNone(['the move was begun with other systems: give the same, or give it up with --discard']);
  }

  async #up({ owner }: BulkWriter, mark: Mark): Promise<void> {
    const earlier = new EarlierRows(owner, this.#tables, mark);
    await earlier.assertOwn();
    this.#progress('schema', 0, this.#source.systems.length);
    for (const [at, system] of this.#source.systems.entries()) {
      await makeSchema(this.#to, owner, this.#reader, system, this.#options, () => earlier.note());
      this.#progress('schema', at + 1, this.#source.systems.length);
    }
    await earlier.assertOwn();
  }

  /** Lifts what stands in the way of loading, where something is to be loaded. */
  async #liftFor(writer: BulkWriter, { detail, tables }: Mark, started: number): Promise<void> {
    const { owner } = writer;
    const isLoaded = this.#names.every((name) => tables.get(name)?.state === 'loaded');
    if (!isLoaded) {
      await owner.atomically(async () => {
        const schema = detail.schema ?? (await this.#to.introspect(owner));
        await writer.lift(this.#names, this.#roleNames);
        // places of rows that have got other numbers since
        const again = detail.layout === this.#reader.layout ? [] : this.#unfinished(tables);
        // steps of the move may have put rows into any table
        await this.#empty(writer, detail.schema ? again : this.#names);
        await writeDetail(owner, { ...detail, layout: this.#reader.layout, schema });
      });
    }
    this.#seconds.schema = seconds(started);
  }

  async #loadAll(writer: BulkWriter, first: Mark): Promise<void> {
    const { owner } = writer;
    const described = first.detail.schema;
    if (!described) throw moveRefused(['the mark has no schema: give the move up with --discard']);
    await this.#loadTables(writer, first.tables);
    // an earlier run has read another state of the source, which a key may refuse
    const stale = this.#resumed ? differing(await this.#compare(writer)).map(({ table }) => table) : [];
    if (stale.length > 0) {
      await owner.atomically(async () => {
        await writer.lift(this.#names, this.#roleNames);
        await this.#empty(writer, stale);
      });
      await this.#loadTables(writer, (await readMark(owner))?.tables ?? new Map());
    }
    await this.#restore(writer, described);
    this.#compared = await this.#compare(writer);
    const different = differing(this.#compared);
    if (different.length > 0) throw moveDiffers(different);
  }

  async #compare(writer: BulkWriter): Promise<readonly Compared[]> {
    const started = performance.now();
    this.#progress('compare', 0, this.#tables.length);
    const compared = await compareTables(writer, this.#tables, (table) => this.#sumOfSource(table));
    this.#seconds.compare += seconds(started);
    return compared;
  }

  async #loadTables(writer: BulkWriter, states: Mark['tables']): Promise<void> {
    const started = performance.now();
    const counts = new Map<string, number>();
    let total = 0;
    for (const { name } of this.#tables) {
      const [row] = await this.#reader.run(`SELECT count(*) AS rows FROM ${identifier(name)}`);
      total += Number(row?.rows);
      counts.set(name, states.get(name)?.rows ?? 0);
    }
    this.#progress(
      'load',
      [...counts.values()].reduce((a, b) => a + b, 0),
      total,
    );
    for (const table of this.#tables) {
      const state = states.get(table.name);
      if (state?.state === 'loaded') continue;
      const before = state?.rows ?? 0;
      const sum = await loadTable({
        reader: this.#reader,
        writer,
        table,
        from: state,
        transactionRows: this.#options.transactionRows,
        onRows: (rows) => {
          counts.set(table.name, rows);
          this.#progress(
            'load',
            [...counts.values()].reduce((a, b) => a + b, 0),
            total,
            table.name,
          );
        },
      });
      this.#loaded += (counts.get(table.name) ?? 0) - before;
      if (sum) this.#sums.set(table.name, sum);
    }
    this.#seconds.load += seconds(started);
  }

  async #restore(writer: BulkWriter, described: NonNullable<MarkDetail['schema']>): Promise<void> {
    const { owner } = writer;
    const started = performance.now();
    await writer.restore(described, this.#names, (done, total) => this.#progress('objects', done, total));
    assertRestored(described, await this.#to.introspect(owner), this.#names);
    this.#generators = await this.#reader.generators(this.#tables);
    const sequences = await this.#reader.sequences();
    await owner.atomically(async () => {
      await writer.setGenerators(this.#tables, this.#generators);
      this.#sequencesLeft = await writer.setSequences(sequences);
    });
    await owner.atomically(async () => {
      for (const system of this.#source.systems)
        await grantRights(owner, this.#to.dialect, system, this.#options.roles);
    });
    this.#seconds.objects += seconds(started);
  }

  /** Compares each ledger's entries with its rows in the target, and the ledger with that of the source. */
  async verify(): Promise<void> {
    const started = performance.now();
    const found = await verifyLedgers(this.#to, this.#source.systems, {
      isTarget: true,
      onLedger: (done, total) => {
        if (total > 0) this.#progress('verify', done, total);
      },
    });
    assertSameLedgers(this.#source.ledgers, found);
    this.#seconds.verify = seconds(started);
  }

  /** Ends the snapshot of the source, and returns whether somebody wrote to it since it was taken. */
  sourceChanged(): Promise<boolean> {
    return this.#reader.changed(this.#tables, this.#sums);
  }

  async prove(systems: readonly SystemFacts<Tables>[]): Promise<readonly ProveReport[]> {
    const { scopeKey, roles } = this.#options;
    if (scopeKey !== undefined) await installScopeKey(this.#to, scopeKey);
    if (this.#options.prove === false) return [];
    const started = performance.now();
    const reports: ProveReport[] = [];
    for (const [at, system] of systems.entries()) {
      this.#progress('prove', at, systems.length);
      reports.push(await proveIncoming(this.#to, system, roles ? { roles } : {}));
    }
    this.#progress('prove', systems.length, systems.length);
    this.#seconds.prove = seconds(started);
    const failed = reports.filter(({ ok }) => !ok);
    if (failed.length > 0) throw guaranteeBroken(failed);
    return reports;
  }

  report(complete: boolean, reports: readonly ProveReport[]): MoveReport {
    const { load, objects } = this.#seconds;
    const round = (value: number): number => Math.round(value * 1000) / 1000;
    return {
      from: this.#from.url,
      to: this.#to.url,
      systems: this.#source.systems.map(({ name }) => name),
      tables: this.#compared.map(({ table, target }) => ({
        table,
        rows: target.rows,
        checksum: target.sum,
      })),
      ledgers: this.#source.ledgers,
      generators: [...this.#generators].map(([table, next]) => ({ table, next: String(next) })),
      others: this.#source.others,
      sequencesLeft: this.#sequencesLeft,
      seconds: {
        schema: round(this.#seconds.schema),
        load: round(load),
        objects: round(objects),
        compare: round(this.#seconds.compare),
        verify: round(this.#seconds.verify),
        prove: round(this.#seconds.prove),
      },
      rowsPerSecond: Math.round(this.#loaded / Math.max(load + objects, 0.001)),
      resumed: this.#resumed,
      complete,
      reports,
    };
  }

  /** The tables to move that have rows in the target. */
  async #fullTables(owner: BulkWriter['owner']): Promise<readonly string[]> {
    const present = new Set((await this.#to.introspect(owner)).tables.map(({ name }) => name));
    const full: string[] = [];
    for (const { name } of this.#tables.filter((each) => !each.hasFirstRows && present.has(each.name)))
      if (await hasRows(owner, name)) full.push(name);
    return full;
  }

  /** The rows are those of the source: an earlier move has ended. */
  async #assertComplete(writer: BulkWriter, full: readonly string[]): Promise<true> {
    const present = new Set((await this.#to.introspect(writer.owner)).tables.map(({ name }) => name));
    if (this.#names.every((name) => present.has(name))) {
      this.#compared = await compareTables(writer, this.#tables, (table) => this.#sumOfSource(table));
      if (differing(this.#compared).length === 0) return true;
    }
    throw notEmpty(full);
  }

  async #sumOfSource(table: BulkTable): Promise<Checksum> {
    const known = this.#sums.get(table.name);
    if (known) return known;
    const sum = await sourceChecksum(this.#reader, table);
    this.#sums.set(table.name, sum);
    return sum;
  }

  async #empty(writer: BulkWriter, tables: readonly string[]): Promise<void> {
    await writer.empty(tables);
    await forgetTables(writer.owner, tables);
  }

  #unfinished(tables: Mark['tables']): readonly string[] {
    return this.#names.filter((name) => tables.get(name)?.state === 'loading');
  }

  get #roleNames(): readonly string[] {
    return this.#to.dialect.roles ? [this.#roles.app, this.#roles.auditor] : [];
  }

  #progress(phase: MovePhase, done: number, total: number | undefined, table?: string): void {
    this.#options.onProgress?.({ phase, done, total, ...(table === undefined ? {} : { table }) });
  }
}

const isSameHistory = (one: readonly AppliedStep[], other: readonly AppliedStep[]): boolean => {
  const lines = (rows: readonly AppliedStep[]): string =>
    JSON.stringify(
      rows.map(({ system, step, applied_at, applied_by }) => [system, step, applied_at, applied_by]).sort(),
    );
  return lines(one) === lines(other);
};

const seconds = (started: number): number => (performance.now() - started) / 1000;
