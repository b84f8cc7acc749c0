import type { Attack, Attacker } from '../contract/attack.js';
import type { Barrier } from '../engines/refusal.js';

/**
 * What stood in an attack's way: a wall of the database, that there was no row to be reached (so a policy answers a
 * SELECT), the guarantee's own check, or nothing.
 */
export type StoppedBy = Barrier | 'no-row' | 'detection' | 'nothing';

/** How an attack ended. `failed`: the guarantee did not hold, or the attack could not be tried. */
export type Verdict = 'refused' | 'untouched' | 'detected' | 'accepted' | 'failed';

/** One attack and what became of it. */
export interface AttackReport {
  readonly name: string;
  readonly as: Attacker;
  readonly expect: Attack['expect'];
  readonly stoppedBy: StoppedBy;
  /** What the database, or the guarantee's check, said. */
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
  /** Empty where the guarantee declares none. */
  readonly attacks: readonly AttackReport[];
}

/** Whether what keeps the guarantees is in place, looked at from one side. */
export interface StructureReport {
  readonly check: string;
  readonly ok: boolean;
  /** What is wrong, one line each. */
  readonly found: readonly string[];
  /** Why it could not be looked at; `ok` says nothing then. */
  readonly unknown?: string;
}

/** The head of one ledger, and whether it leads to every row. */
export interface LedgerReport {
  readonly ledger: string;
  readonly size: number;
  /** In base64; empty where it could not be verified. */
  readonly root: string;
  /** How many entries were compared with their rows; a signed checkpoint covers those before. */
  readonly checked: number;
  readonly ok: boolean;
  readonly found: readonly string[];
}

/** The record that every guarantee of a system was attacked, and what came of it. */
export interface ProveReport {
  readonly system: string;
  readonly engine: string;
  readonly url: string;
  /** When; ISO 8601. */
  readonly at: string;
  /** SHA-256 over the schema as the engine describes it; `null` where it cannot be read. */
  readonly fingerprint: string | null;
  readonly tables: readonly GuaranteeReport[];
  readonly structure: readonly StructureReport[];
  readonly ledgers: readonly LedgerReport[];
  readonly ok: boolean;
}

/** What did not hold, one line each: `audit_logs, append-only: TRUNCATE, by the owner was not refused`. */
export function failuresOf(report: ProveReport): readonly string[] {
  return [
    ...report.structure.flatMap(({ check, found }) => found.map((line) => `${check}: ${line}`)),
    ...report.ledgers.flatMap(({ ledger, found }) => found.map((line) => `ledger ${ledger}: ${line}`)),
    ...report.tables.flatMap(({ table, guarantee, level, weaker, attacks }) => [
      ...(level === 'refused' ? [`${table}, ${guarantee}: cannot be kept here: ${weaker ?? ''}`] : []),
      ...attacks
        .filter(({ verdict }) => verdict === 'failed')
        .map(({ name, as, by }) => `${table}, ${guarantee}, as the ${as}: ${name}: ${by}`),
    ]),
  ];
}

/** How many attacks were tried in all. */
export function countAttacks(report: ProveReport): number {
  return report.tables.reduce((sum, { attacks }) => sum + attacks.length, 0);
}
