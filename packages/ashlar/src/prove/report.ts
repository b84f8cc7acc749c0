import type { Attack, Attacker } from '../contract/attack.js';
import type { Barrier } from '../engines/refusal.js';

/**
 * What stopped an attack: a barrier of the database, the lack of rows that it could reach, the guarantee's own check,
 * or nothing. `no-row`: the attack reached no row (a policy hides rows from a SELECT); `detection`: the guarantee's
 * own check found it.
 */
export type StoppedBy = Barrier | 'no-row' | 'detection' | 'nothing';

/** The result of an attack. `failed`: the guarantee did not hold, or the attack could not be tried. */
export type Verdict = 'refused' | 'untouched' | 'detected' | 'accepted' | 'failed';

/** The report on one attack: its name, the attacker, and what happened. */
export interface AttackReport {
  readonly name: string;
  readonly as: Attacker;
  readonly expect: Attack['expect'];
  readonly stoppedBy: StoppedBy;
  /** The message, from the database or from the guarantee's check, that explains the verdict. */
  readonly by: string;
  readonly verdict: Verdict;
}

/** The report on one guarantee of one table: how the engine enforces it, and the attacks on it. */
export interface GuaranteeReport {
  readonly table: string;
  readonly guarantee: string;
  readonly summary: string;
  readonly level: 'enforced' | 'emulated' | 'refused';
  /** How the guarantee is weaker than on the other engine, or why this engine refuses it. */
  readonly weaker?: string;
  /** The attacks on the guarantee; empty if the guarantee declares no attacks. */
  readonly attacks: readonly AttackReport[];
}

/** The result of one check of the database objects and rights on which the guarantees depend. */
export interface StructureReport {
  readonly check: string;
  readonly ok: boolean;
  /** The problems that the check found, one line each. */
  readonly found: readonly string[];
  /** What the check could not compare exactly, and why. */
  readonly loose?: string;
  /** The reason why the check could not run, in which case `ok` has no meaning. */
  readonly unknown?: string;
}

/** The head of one ledger, and the result of its verification. */
export interface LedgerReport {
  readonly ledger: string;
  readonly size: number;
  /** The root hash in base64; empty if the ledger could not be verified. */
  readonly root: string;
  /**
   * The number of entries that were compared with their rows; the earlier entries are covered by a signed checkpoint.
   */
  readonly checked: number;
  readonly ok: boolean;
  readonly found: readonly string[];
  /** What of purges and of checkpoints cannot be verified, one line for each reason; that is no failure. */
  readonly unverified: readonly string[];
}

/** The outcome of every attack on the guarantees of a system, and the result of every check. */
export interface ProveReport {
  readonly system: string;
  readonly engine: string;
  readonly url: string;
  /** The time of the report (ISO 8601). */
  readonly at: string;
  /** The SHA-256 of the system's schema as the engine describes it; `null` if the schema cannot be read. */
  readonly fingerprint: string | null;
  readonly tables: readonly GuaranteeReport[];
  readonly structure: readonly StructureReport[];
  readonly ledgers: readonly LedgerReport[];
  readonly ok: boolean;
}

/**
 * Lists the failures in a report, one line for each:
 * `audit_logs, append-only, as the owner: TRUNCATE: was not refused`.
 */
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

/** Counts the attacks in a report. */
export function countAttacks(report: ProveReport): number {
  return report.tables.reduce((sum, { attacks }) => sum + attacks.length, 0);
}
