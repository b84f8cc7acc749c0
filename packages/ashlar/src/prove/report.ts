import type { Attack, Attacker } from '../contract/attack.js';
import type { Barrier } from '../engines/refusal.js';

/**
 * What stopped an attack: a barrier of the database; `no-row`, because the attack reached no row (a policy hides rows
 * from a SELECT); `detection` by the guarantee's own check; or nothing.
 */
export type StoppedBy = Barrier | 'no-row' | 'detection' | 'nothing';

/** How an attack ended. `failed`: the guarantee did not hold, or the attack could not be tried. */
export type Verdict = 'refused' | 'untouched' | 'detected' | 'accepted' | 'failed';

/** One attack and its outcome. */
export interface AttackReport {
  readonly name: string;
  readonly as: Attacker;
  readonly expect: Attack['expect'];
  readonly stoppedBy: StoppedBy;
  /** The message of the database, or of the guarantee's check. */
  readonly by: string;
  readonly verdict: Verdict;
}

/** One guarantee of one table. */
export interface GuaranteeReport {
  readonly table: string;
  readonly guarantee: string;
  readonly summary: string;
  readonly level: 'enforced' | 'emulated' | 'refused';
  /** In which way it is weaker than on another engine, or why it is refused. */
  readonly weaker?: string;
  /** Empty where the guarantee declares no attacks. */
  readonly attacks: readonly AttackReport[];
}

/** One check of whether the objects and rights that keep guarantees are in place. */
export interface StructureReport {
  readonly check: string;
  readonly ok: boolean;
  /** What is wrong, one line each. */
  readonly found: readonly string[];
  /** Why the check could not run; `ok` has no meaning then. */
  readonly unknown?: string;
}

/** The head of one ledger, and whether its rows and tree match. */
export interface LedgerReport {
  readonly ledger: string;
  readonly size: number;
  /** In base64; empty where it could not be verified. */
  readonly root: string;
  /** How many entries were compared with their rows; a signed checkpoint covers the entries before them. */
  readonly checked: number;
  readonly ok: boolean;
  readonly found: readonly string[];
}

/** The outcome of every attack on the guarantees of a system, and of every check. */
export interface ProveReport {
  readonly system: string;
  readonly engine: string;
  readonly url: string;
  /** The time of the report: ISO 8601. */
  readonly at: string;
  /** SHA-256 over the schema as the engine describes it; `null` where it cannot be read. */
  readonly fingerprint: string | null;
  readonly tables: readonly GuaranteeReport[];
  readonly structure: readonly StructureReport[];
  readonly ledgers: readonly LedgerReport[];
  readonly ok: boolean;
}

/** What failed, one line each: `audit_logs, append-only, as the owner: TRUNCATE: was not refused`. */
export function failuresOf(report: ProveReport): readonly string[] {
  return [
    ...report.structure.flatMap(({ check, found }) => found.map((line) => `${check}: ${line}`)),
    ...report.ledgers.flatMap(({ ledger, found }) => found.map((line) => `ledger ${ledger}: ${line}`)),
    ...report.tables.flatMap(({ table, guarantee, level, weaker, attacks }) => [
      ...(level === 'refused'
        ? [`${table}, ${guarantee}: this engine refuses the guarantee: ${weaker ?? ''}`]
        : []),
      ...attacks
        .filter(({ verdict }) => verdict === 'failed')
        .map(({ name, as, by }) => `${table}, ${guarantee}, as the ${as}: ${name}: ${by}`),
    ]),
  ];
}

/** The number of attacks in a report. */
export function countAttacks(report: ProveReport): number {
  return report.tables.reduce((sum, { attacks }) => sum + attacks.length, 0);
}
