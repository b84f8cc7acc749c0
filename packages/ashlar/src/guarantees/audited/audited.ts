import type { Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { DataContext } from '../../contract/data-check.js';
import type { Guarantee } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { invalidTable } from '../../model/invalid-table.js';
import { assertOwn, list } from '../shared/declaration.js';
import { auditedAttacks } from './attacks.js';
import { auditedData } from './data.js';
import { auditedOnPostgres, guardPartition } from './postgres.js';
import type { AuditedRules } from './rules.js';
import { auditedOnSqlite } from './sqlite.js';
import type { AuditTrail } from './trail.js';

/** The audit trail of a table, and the columns whose values the trail omits. */
export interface AuditedOptions {
  /** The audit trail: a table declared with `auditTrail` in the same system. */
  readonly into: AuditTrail;
  /**
   * Columns whose values are not recorded: if such a column changes, the trail records only its name, in the column
   * `unseen`.
   */
  readonly except?: Column | readonly Column[];
  /** Allows an unscoped trail for a scoped table: every session can then read values of other scopes in the trail. */
  readonly acrossScopes?: boolean;
}

/**
 * Guarantees that each insert, update and delete is recorded in an audit trail: who made it and when, the row, and its
 * values before and after.
 *
 * On SQLite a write outside a session is refused. The trail of a scoped table must be scoped: a session reads the lines
 * of sessions in its scope, and `everyScope` all. What the trail holds of a row stays when the row is purged: give the
 * trail a retention of its own.
 *
 * @throws AshlarError `table-invalid`, when the table is declared, if `into` is not a trail or lacks a scope, or a column does not suit its option
 *
 * @example
 * const changes = auditTrail('changes');
 * table('clients', { id: id(), name: z.string(), pin: z.string() }, (c) => [audited({ into: changes, except: c.pin })]);
 */
export function audited(options: AuditedOptions): Guarantee {
  const except = list(options.except);
  const rules: AuditedRules = {
    trail: options.into as unknown as TableFacts,
    except: except.map((column) => column?.name),
  };
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'audited',
    summary:
      'Each insert, update and delete is recorded in an audit trail: who, when, which row, and its values before and after.',
    facts: () => ({ audited: { trail: options.into?.name, except: rules.except } }),
    conflicts: [
      {
        fact: 'trail' as const,
        why: 'Only the database writes a trail, and rows of a trail never change.',
        suggestion: 'Use ledgered() on the trail to detect changes of its rows.',
      },
    ],
    validate: (table: TableFacts) => {
      assertOwn(table, 'audited({ except })', except, { beComputed: true });
      assertTrail(table, options);
      const key = except.find(({ name }) => table.primaryKey.columns.includes(name));
      if (key) {
        throw invalidTable(
          table.name,
          `${key.name} is part of the primary key, which the trail always records.`,
          'Remove it from except.',
        );
      }
    },
    sqlite: {
      level: 'emulated' as const,
      weaker:
        'A file has no roles: SQL that writes the session row itself can choose which actor is recorded.',
      readsSession: true,
      external: {
        level: 'emulated' as const,
        weaker:
          'A line has the declared columns only. On a connection without recursive_triggers, which guardedSync sets, a row that REPLACE deletes has no line.',
      },
      objects: (table: TableFacts) => auditedOnSqlite(table, rules),
    },
    postgres: {
      level: 'enforced' as const,
      readsContext: true,
      objects: (table: TableFacts) => auditedOnPostgres(table, rules),
      onPartition: guardPartition,
    },
    attacks: (table: TableFacts, probe: Probe) => auditedAttacks(table, probe, rules),
    data: (table: TableFacts, context: DataContext) => auditedData(table, rules, context),
  });
}

const assertTrail = (table: TableFacts, { into, acrossScopes = false }: Partial<AuditedOptions>): void => {
  if (into === undefined || !into.facts?.trail) {
    throw invalidTable(
      table.name,
      'audited({ into }) is not an audit trail.',
      "Declare an audit trail: const changes = auditTrail('changes').",
    );
  }
  if (table.facts.scope && !into.facts.scope && !acrossScopes) {
    throw invalidTable(
      table.name,
      `it is scoped, but its trail ${into.name} is not: every session could read values of other scopes there.`,
      `Scope the trail: auditTrail('${into.name}', (c) => [scoped(c.scope)]), or allow it: audited({ acrossScopes: true }).`,
    );
  }
};
