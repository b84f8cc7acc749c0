import { type BackupsReport, backupsReport } from '../backup/backups-report.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { compareWithSteps, withProvenSchemas } from '../migrations/catalogue/with-steps.js';
import { compareHistory } from '../migrations/compare-history.js';
import { type ChangedFacts, changedFactsOf, driftOf } from '../migrations/drift.js';
import { readHistory } from '../migrations/history.js';
import { outdatedObjects } from '../migrations/outdated.js';
import { ownSystem } from '../migrations/own-system.js';
import { type UndeclaredObject, undeclaredOf } from '../migrations/ownership/undeclared.js';
import { readSteps } from '../migrations/steps.js';
import { identifier, levelIn, type Table, type Tables } from '../model/index.js';
import { missingObjects } from '../prove/guarantee-objects.js';
import { unexplainedScopeKeys } from '../prove/scope-keys.js';
import { defaultRoles } from '../roles/names.js';
import { inspectRoles } from '../roles/roles.js';
import type { Secret } from '../settings/index.js';
import { type FoundationStatus, foundationStatus } from './foundation-status.js';
import { type PartitionsStatus, partitionsStatus } from './partitions.js';
import { type WeakerGuarantee, weakerOf } from './weaker.js';

/** A guarantee of a table, and the level at which the engine enforces it. */
export interface GuaranteeStatus {
  readonly name: string;
  readonly summary: string;
  readonly level: 'enforced' | 'emulated' | 'refused';
}

/** The state of one table of the system. */
export interface TableStatus {
  readonly name: string;
  /** Whether the table exists: `present`, `missing`, or `hidden` if the connected role may not read it. */
  readonly state: 'present' | 'missing' | 'hidden';
  /** The number of rows; `null` unless `state` is `present`. */
  readonly rows: number | null;
  readonly guarantees: readonly GuaranteeStatus[];
  readonly partitions: PartitionsStatus | null;
}

/** The roles of a database: the owner of the schema, the application and the auditor. */
export interface RolesStatus {
  /** The database user of the connection. */
  readonly user: string;
  /** The owner of the tables; `null` while there are no tables. */
  readonly owner: string | null;
  readonly app: string;
  readonly auditor: string;
  /** Whether the application connects as the owner and switches to the role `app` in each session. */
  readonly steps_down: boolean;
  readonly differences: readonly string[];
  /** What other roles may do with the tables, and who may act as the owner, one line each; it weakens no guarantee. */
  readonly others: readonly string[];
  /** The risk, as a sentence, if one user is both owner and application; `null` if they are two users. */
  readonly cost: string | null;
}

/** The status of one system in one database. */
export interface StatusReport {
  readonly system: string;
  readonly engine: string;
  readonly url: string;
  readonly encrypted: boolean;
  /** The roles of the database; `null` if the engine has no roles. */
  readonly roles: RolesStatus | null;
  readonly migrations: {
    readonly head: string | null;
    readonly applied: number;
    readonly pending: readonly string[];
    /** The contract steps that wait for `up --contract`, if no other step is pending. */
    readonly waiting: readonly string[];
    readonly changed: readonly string[];
    readonly missing: readonly string[];
    readonly late: readonly string[];
  };
  /** The versions of Ashlar's own objects, on which guarantees rely. */
  readonly foundation: FoundationStatus;
  /** The keys that verify scopes and that no given key explains, one line each. */
  readonly unexplained_keys: readonly string[];
  /** The other systems whose steps the history of the schema has. */
  readonly other_systems: readonly string[];
  /** The differences between the database and its migrations; `null` if they could not be compared. */
  readonly drift: readonly string[] | null;
  /** The facts that differ, with both texts in full. */
  readonly drift_facts: readonly ChangedFacts[];
  readonly drift_unknown: string | undefined;
  /** Why expressions were not compared exactly, as with a server of another major version; `undefined` if they were. */
  readonly drift_loose: string | undefined;
  /** Whether the check for drift failed; `false` if it was skipped because the embedded engine is not installed, a problem too. */
  readonly drift_failed: boolean;
  /** The objects that no table declares and no generated step made; `null` if they could not be determined. */
  readonly undeclared: readonly UndeclaredObject[] | null;
  /** The database objects that guarantees need and that do not exist. */
  readonly missing_objects: readonly string[];
  /**
   * The objects of guarantees that this release renders differently than the steps make them; `ashlar migrate new` writes
   * the step that replaces them. `null` if the schemas could not be compared.
   */
  readonly outdated_objects: readonly string[] | null;
  readonly tables: readonly TableStatus[];
  readonly weaker: readonly WeakerGuarantee[];
  readonly backups: BackupsReport;
  /** Whether `ashlar status --check` passes: `problems` is empty. */
  readonly ok: boolean;
  readonly problems: readonly string[];
}

/** Options of {@link status}. */
export interface StatusOptions {
  /** The roles whose rights are compared. Default: `ashlar_app` and `ashlar_auditor`. */
  readonly roles?: Roles;
  /** SCOPE_KEY, and during a rotation the other key. Without them, more than one key of the database is a problem. */
  readonly scopeKeys?: readonly (string | Secret)[];
  /** The path of the folder of the backups. Default: `backups`. */
  readonly backups?: string;
}

/**
 * Reports the status of a system in a database, as far as the connected role can see it: engine, roles, migrations,
 * drift, tables, guarantees and backups. It is what `ashlar status --json` prints. Changes nothing.
 *
 * @param engine - the database, opened as the owner of the schema where it is another user than the application
 * @throws AshlarError `migration-invalid`, `privilege-missing`
 *
 * @example
 * const { ok, problems } = await status(db.engine, shop);
 */
export function status(
  engine: Engine,
  system: SystemFacts<Tables>,
  options: StatusOptions = {},
): Promise<StatusReport> {
  return engine.holdingOwner(() => readStatus(engine, system, options));
}

const readStatus = async (
  engine: Engine,
  system: SystemFacts<Tables>,
  { roles = defaultRoles, scopeKeys = [], backups = 'backups' }: StatusOptions,
): Promise<StatusReport> => {
  const steps = await readSteps(system.migrations, engine.dialect.name);
  const { everything, foundation } = await engine.asOwner(async (owner) => {
    const rows = await readHistory(owner, engine.dialect);
    return { everything: rows, foundation: await foundationStatus(owner, engine.dialect, rows) };
  });
  const { applied, pending, changed, missing, late } = compareHistory(
    steps,
    everything.filter((row) => row.system === system.name),
  );
  const isAlone = engine.connectedRole?.canChangeSchema === true && roles.appConnects === undefined;
  const tables = await tablesOf(engine, system, isAlone);
  const names = pending.map(({ name }) => name);
  const waits = applied.length > 0 && pending.every(({ up }) => up.contract);
  const page = {
    system: system.name,
    engine: engine.label,
    url: engine.url,
    encrypted: engine.encrypted,
    roles: await rolesOf(engine, system, roles),
    migrations: {
      head: applied.at(-1)?.step ?? null,
      applied: applied.length,
      pending: waits ? [] : names,
      waiting: waits ? names : [],
      changed,
      missing,
      late,
    },
    foundation,
    unexplained_keys: await unexplainedScopeKeys(engine, scopeKeys),
    other_systems: [...new Set(everything.map((row) => row.system))].filter(
      (name) => name !== system.name && name !== ownSystem,
    ),
    ...(await changesOf(engine, system)),
    // before the first step everything is missing, which the pending steps say
    missing_objects: applied.length === 0 ? [] : await missingObjects(engine, system),
    outdated_objects: await outdatedObjects(engine.dialect, system, steps),
    tables,
    weaker: weakerOf(engine, system, isAlone),
    backups: await backupsReport(engine, system, {
      folder: backups,
      rows: Object.fromEntries(tables.flatMap(({ name, rows }) => (rows === null ? [] : [[name, rows]]))),
      now: new Date(),
    }),
  };
  const problems = problemsOf(page);
  return { ...page, ok: problems.length === 0, problems };
};

type Page = Omit<StatusReport, 'ok' | 'problems'>;

function problemsOf({
  migrations,
  drift: found,
  drift_unknown,
  missing_objects,
  foundation,
  unexplained_keys,
  roles,
}: Page): string[] {
  const { pending, changed, missing, late } = migrations;
  return [
    ...pending.filter((step) => !late.includes(step)).map((step) => `the step ${step} is not applied`),
    ...late.map((step) => `the step ${step} is not applied, and sorts before an applied step`),
    ...changed.map((step) => `the step ${step} was edited after it was applied`),
    ...missing.map((step) => `the step ${step} is applied, but the folder does not contain it`),
    ...foundation.pending.map((version) => `Ashlar’s own objects lack the version ${version}`),
    ...(foundation.oldest > foundation.package
      ? [
          `Ashlar’s own objects need a release that knows version ${foundation.oldest}; this one knows ${foundation.package}`,
        ]
      : []),
    ...foundation.problems,
    ...(foundation.incoming
      ? ['a move into this database has not ended: run the same `ashlar move` again']
      : []),
    ...unexplained_keys,
    ...(found ?? []).map((line) => `drift: ${line}`),
    ...(found === null ? [`drift could not be determined: ${drift_unknown}`] : []),
    ...missing_objects,
    ...(roles?.differences ?? []),
  ];
}

const oneUser =
  'One user owns the schema and runs the application: SQL that is injected into a session can take the owner’s rights back. It is a set-up for development: with two URLs (DATABASE_MIGRATE_URL for the owner) it cannot.';

async function rolesOf(
  engine: Engine,
  system: SystemFacts<Tables>,
  roles: Roles,
): Promise<RolesStatus | null> {
  const { connectedRole } = engine;
  if (!connectedRole) return null;
  const { user, owner = null, canChangeSchema, sessionRole } = connectedRole;
  // where only one user is known, and that one cannot change the schema, it is the application's
  const known = roles.appConnects || canChangeSchema ? roles : { ...roles, app: user };
  const alone = roles.appConnects === undefined && canChangeSchema;
  return {
    user,
    owner,
    app: known.app,
    auditor: known.auditor,
    steps_down: sessionRole !== undefined,
    ...(await inspectRoles(engine, await withProvenSchemas(engine, system), known)),
    cost: alone ? oneUser : null,
  };
}

async function changesOf(
  engine: Engine,
  system: SystemFacts<Tables>,
): Promise<
  Pick<Page, 'drift' | 'drift_facts' | 'drift_unknown' | 'drift_loose' | 'drift_failed' | 'undeclared'>
> {
  try {
    const compared = await compareWithSteps(engine, system);
    return {
      drift: compared === undefined ? [] : driftOf(compared),
      drift_facts: compared === undefined ? [] : changedFactsOf(compared),
      undeclared: compared === undefined ? [] : undeclaredOf(engine.dialect, system, compared),
      drift_unknown: undefined,
      drift_loose: compared?.loose,
      drift_failed: false,
    };
  } catch (error) {
    // without the embedded engine, or with steps that no longer run, the rest of the page is still useful
    if (!(error instanceof AshlarError)) throw error;
    return {
      drift: null,
      drift_facts: [],
      undeclared: null,
      drift_unknown: error.message,
      drift_loose: undefined,
      drift_failed: error.code !== 'driver-missing',
    };
  }
}

function tablesOf(engine: Engine, system: SystemFacts<Tables>, isAlone: boolean): Promise<TableStatus[]> {
  return engine.asOwner(async (owner) => {
    const objects = await owner.run(engine.dialect.proving.objects(system.guards));
    const present = new Set(objects.flatMap(({ type, name }) => (type === 'table' ? [name] : [])));
    const reports: TableStatus[] = [];
    for (const table of Object.values<Table>(system.tables)) {
      const rows = present.has(table.name) ? await countRows(owner, table.name) : 'missing';
      const partitions = present.has(table.name) ? await engine.partitions(owner, table.name) : [];
      reports.push({
        name: table.name,
        state: typeof rows === 'number' ? 'present' : rows,
        rows: typeof rows === 'number' ? rows : null,
        guarantees: table.guarantees.map((guarantee) => ({
          name: guarantee.name,
          summary: guarantee.summary,
          level: levelIn(engine, guarantee, isAlone).level,
        })),
        partitions: partitions.length > 0 ? partitionsStatus(partitions) : null,
      });
    }
    return reports;
  });
}

async function countRows({ run }: Owner, table: string): Promise<number | 'hidden'> {
  try {
    const [counted] = await run(`SELECT count(*) AS rows FROM ${identifier(table)}`);
    return Number(counted?.rows);
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'privilege-missing') return 'hidden';
    throw error;
  }
}
