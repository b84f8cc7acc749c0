import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { Roles } from '../contract/roles.js';
import type { Schema } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { forgetSql, readHistory } from '../migrations/history.js';
import { ownSystem } from '../migrations/own-system.js';
import { foldedName, isOwn } from '../model/index.js';
import { grantWhereRolesAre } from '../roles/roles.js';
import { hasRows } from './has-rows.js';
import { type MarkDetail, readMark, removeMark } from './mark.js';
import { moveRefused } from './refusals.js';

/** What giving up a move has removed, and what it has left. */
export interface DiscardReport {
  /** The tables that were dropped or emptied. */
  readonly removed: readonly string[];
  /** The tables, functions and other objects that somebody else has made since the move began: they stay. */
  readonly left: readonly string[];
}

/** The options of {@link discardMove}. */
export interface DiscardOptions {
  readonly lockTimeout?: number | undefined;
  /** The systems of the project: those that were there before the move get their rights back, which it had revoked. */
  readonly systems?: readonly SystemFacts[] | undefined;
  /** The roles whose rights are given back. Default: `ashlar_app` and `ashlar_auditor`. */
  readonly roles?: Roles | undefined;
}

/**
 * Gives up an unfinished move: removes the rows, and what the move made in its target, in one transaction. Tables that were
 * there before, without rows, stay.
 *
 * @param to - the target, opened as the owner of its schema
 * @returns what was removed, and what others have made there meanwhile, which stays
 * @throws AshlarError `move-refused` if no move into the database is unfinished
 */
export async function discardMove(
  to: Engine,
  { lockTimeout, systems = [], roles }: DiscardOptions = {},
): Promise<DiscardReport> {
  const { dialect } = to;
  return to.bulkWriter(
    ({ owner, lift, empty }) =>
      owner.atomically(async () => {
        const history = await readHistory(owner, dialect);
        const mark = history.length > 0 ? await readMark(owner) : undefined;
        if (!mark) return refuse();
        const { before } = mark.detail;
        const now = await to.introspect(owner);
        const names = namesOf(before.schema.tables);
        const stayed = mark.detail.tables.filter((name) => names.has(name));
        if (stayed.length > 0) {
          await lift(stayed, []);
          await empty(stayed);
        }
        const current = stayed.length > 0 ? await to.introspect(owner) : now;
        const known = await knownTables(owner, current, mark.detail);
        const { schema, left } = withoutOthers(current, mark.detail, known);
        const present = namesOf(current.tables);
        // what somebody has dropped since is not made again
        const wanted = {
          ...before.schema,
          tables: before.schema.tables.filter(({ name }) => present.has(name)),
        };
        for (const { up } of dialect.changes(schema, wanted, [], {}))
          for (const statement of up) await owner.script(statement);
        const kept = new Set(before.steps.map((step) => step.join(' ')));
        for (const { system, step } of history)
          if (system !== ownSystem && !kept.has(`${system} ${step}`))
            await owner.script(forgetSql(system, step));
        await removeMark(owner);
        const stays = new Set(before.steps.map(([system]) => system));
        for (const system of systems)
          if (stays.has(system.name)) await grantWhereRolesAre(owner, dialect, system, roles);
        const dropped = schema.tables.map(({ name }) => name).filter((name) => !names.has(name));
        return { removed: [...dropped, ...stayed], left };
      }),
    { lockTimeout },
  );
}

/**
 * The tables that the move made or that were there before. Until `up` has ended the mark does not say what its steps make: then a
 * table that is not moved and has rows is somebody else's.
 */
const knownTables = async (
  owner: Owner,
  current: Schema,
  { before, schema: made, tables }: MarkDetail,
): Promise<ReadonlySet<string>> => {
  const known = new Set([...namesOf(before.schema.tables, made?.tables ?? []), ...(made ? [] : tables)]);
  for (const { name } of current.tables)
    if (isOwn(foldedName(name)) || (!made && !known.has(name) && !(await hasRows(owner, name))))
      known.add(name);
  return known;
};

/** Returns the schema without what others have made, and what that is. */
const withoutOthers = (
  current: Schema,
  { before, schema: made }: MarkDetail,
  known: ReadonlySet<string>,
): { readonly schema: Schema; readonly left: readonly string[] } => {
  const left: string[] = [];
  const kept = <T extends Named>(
    kind: string,
    list: readonly T[],
    names: ReadonlySet<string>,
  ): readonly T[] =>
    list.filter(({ name }) => {
      if (names.has(name)) return true;
      left.push(`the ${kind} ${name}`);
      return false;
    });
  const tables = kept('table', current.tables, known);
  if (!made) return { schema: { ...current, tables }, left };
  const schema = {
    ...current,
    tables: tables.map((table) => {
      const [was, is] = [before.schema, made].map((from) =>
        from.tables.find(({ name }) => name === table.name),
      );
      // only what somebody added to a table that was there before
      if (!was) return table;
      return {
        ...table,
        indexes: kept('index', table.indexes, namesOf(was.indexes, is?.indexes ?? [])),
        triggers: kept('trigger', table.triggers, namesOf(was.triggers, is?.triggers ?? [])),
      };
    }),
    functions: kept('function', current.functions, namesOf(before.schema.functions, made.functions)),
    objects: kept('object', current.objects, namesOf(before.schema.objects, made.objects)),
  };
  return { schema, left };
};

interface Named {
  readonly name: string;
}

const namesOf = (...lists: readonly (readonly Named[])[]): ReadonlySet<string> =>
  new Set(lists.flat().map(({ name }) => name));

const refuse = (): never => {
  throw moveRefused(['no move into this database is unfinished: there is nothing to discard']);
};
