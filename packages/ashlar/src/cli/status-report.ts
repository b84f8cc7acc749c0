import { type BackupsReport, backupsReport } from '../backup/index.js';
import type { Engine, Partition } from '../contract/engine.js';
import { AshlarError } from '../errors.js';
import { compareHistory, drift, history, readSteps } from '../migrations/index.js';
import { identifier, type Table } from '../model/index.js';
import { checkRoles, type Roles } from '../roles/index.js';
import type { System } from '../system/system.js';

/** How a guarantee is kept on an engine. */
export interface GuaranteeReport {
  readonly name: string;
  readonly summary: string;
  readonly level: 'enforced' | 'emulated' | 'refused';
  /** In which way it is weaker, or why it is refused. */
  readonly note: string | undefined;
}

export interface PartitionReport {
  readonly count: number;
  /** Until when rows have a partition of their own; ISO 8601. */
  readonly horizon: string | undefined;
  /** Rows that wait in the default partition; an estimate of the database. */
  readonly rows_in_default: number;
}

export interface TableReport {
  readonly name: string;
  /** `null` when the table is not there yet. */
  readonly rows: number | null;
  readonly guarantees: readonly GuaranteeReport[];
  readonly partitions: PartitionReport | null;
}

/** Who owns, who works, and what that costs. */
export interface RolesReport {
  /** The user that looked. */
  readonly user: string;
  /** Who owns the tables; `null` where none were made yet. */
  readonly owner: string | null;
  readonly app: string;
  readonly auditor: string;
  /** Whether the owner's own user runs the application too, and steps down to `app` for each session. */
  readonly steps_down: boolean;
  readonly differences: readonly string[];
  /** What it costs that one user does both; `null` where two do. */
  readonly cost: string | null;
}

/** One page about one system in one database. */
export interface StatusReport {
  readonly system: string;
  readonly engine: string;
  readonly url: string;
  readonly encrypted: boolean;
  /** `null` where the engine has no roles. */
  readonly roles: RolesReport | null;
  readonly migrations: {
    readonly head: string | null;
    readonly applied: number;
    readonly pending: readonly string[];
    readonly changed: readonly string[];
    readonly missing: readonly string[];
    readonly late: readonly string[];
  };
  /** Differences between the database and its migrations; `null` when it could not be looked at. */
  readonly drift: readonly string[] | null;
  readonly drift_unknown: string | undefined;
  readonly tables: readonly TableReport[];
  readonly backups: BackupsReport;
}

/**
 * Looks at everything, and changes nothing.
 *
 * @param backupFolder - where its backups are kept
 * @throws AshlarError `migration-invalid`, `privilege-missing`
 */
export const statusOf = async (
  engine: Engine,
  system: System,
  roles: Roles,
  backupFolder: string,
): Promise<StatusReport> => {
  const steps = await readSteps(system.migrations, engine.dialect.name);
  const { applied, pending, changed, missing, late } = compareHistory(steps, await history(engine, system));
  const tables = await tablesOf(engine, system);
  return {
    system: system.name,
    engine: engine.label,
    url: engine.url,
    encrypted: engine.encrypted,
    roles: await rolesOf(engine, system, roles),
    migrations: {
      head: applied.at(-1)?.step ?? null,
      applied: applied.length,
      pending: pending.map(({ name }) => name),
      changed,
      missing,
      late,
    },
    ...(await driftOf(engine, system)),
    tables,
    backups: await backupsReport(engine, system, {
      folder: backupFolder,
      rows: Object.fromEntries(tables.flatMap(({ name, rows }) => (rows === null ? [] : [[name, rows]]))),
      now: new Date(),
    }),
  };
};

const oneUser =
  'One user owns the schema and runs the application: whoever can make a session run SQL of his own can take the owner’s rights back. Two URLs (DATABASE_MIGRATE_URL for the owner) close that.';

const rolesOf = async (engine: Engine, system: System, roles: Roles): Promise<RolesReport | null> => {
  const { connectedRole } = engine;
  if (!connectedRole) return null;
  const { user, owner = null, canChangeSchema, sessionRole } = connectedRole;
  // where it was told one user only, and that one cannot change the schema, it is the application's
  const mine = roles.appConnects || canChangeSchema ? roles : { ...roles, app: user };
  const alone = roles.appConnects === undefined && canChangeSchema;
  return {
    user,
    owner,
    app: mine.app,
    auditor: mine.auditor,
    steps_down: sessionRole !== undefined,
    differences: await checkRoles(engine, system, owner === null ? mine : { ...mine, owner }),
    cost: alone ? oneUser : null,
  };
};

const driftOf = async (
  engine: Engine,
  system: System,
): Promise<Pick<StatusReport, 'drift' | 'drift_unknown'>> => {
  try {
    return { drift: await drift(engine, system), drift_unknown: undefined };
  } catch (error) {
    // without the embedded engine, or with steps that no longer run, the rest of the page is still worth having
    if (!(error instanceof AshlarError)) throw error;
    return { drift: null, drift_unknown: error.message };
  }
};

const tablesOf = (engine: Engine, system: System): Promise<TableReport[]> =>
  engine.asOwner(async (owner) => {
    const present = new Set((await engine.introspect(owner)).tables.map((table) => table.name));
    const reports: TableReport[] = [];
    for (const table of Object.values(system.tables)) {
      const isThere = present.has(table.name);
      const [counted] = isThere
        ? await owner.run(`SELECT count(*) AS rows FROM ${identifier(table.name)}`)
        : [];
      const partitions = isThere ? await engine.partitions(owner, table.name) : [];
      reports.push({
        name: table.name,
        rows: counted ? Number(counted.rows) : null,
        guarantees: guaranteesOf(engine, table),
        partitions: partitions.length > 0 ? partitionsOf(partitions) : null,
      });
    }
    return reports;
  });

const guaranteesOf = (engine: Engine, table: Table): GuaranteeReport[] =>
  table.guarantees.map((guarantee) => {
    const enforcement = guarantee[engine.dialect.name];
    return {
      name: guarantee.name,
      summary: guarantee.summary,
      level: enforcement.level,
      note: enforcement.level === 'refused' ? enforcement.why : enforcement.weaker,
    };
  });

const partitionsOf = (partitions: readonly Partition[]): PartitionReport => {
  const ranges = partitions.filter(({ to }) => to !== undefined);
  return {
    count: ranges.length,
    horizon: ranges
      .flatMap(({ to }) => to ?? [])
      .sort()
      .at(-1),
    rows_in_default: partitions.find(({ from, to }) => from === undefined && to === undefined)?.rows ?? 0,
  };
};
