import type { Column, Guarantee, Probe, Table } from '../../table/index.js';
import { assertOwn, list, unfit } from '../shared/declaration.js';
import { auditedAttacks } from './attacks.js';
import { auditedOnPostgres, guardPartition } from './postgres.js';
import { auditedOnSqlite } from './sqlite.js';
import { type AuditTrail, isTrail } from './trail.js';

/** Where the trail of a table goes, and what is kept out of it. */
export interface AuditedOptions {
  /** A table made by `auditTrail`, in the same system. */
  readonly into: AuditTrail;
  /** Columns whose values stay out of the trail; that they changed is told in its column `unseen`. */
  readonly except?: Column | readonly Column[];
}

/** What the engines need to know of the options. */
export interface AuditedRules {
  readonly trail: Table;
  readonly except: readonly string[];
}

/**
 * Each insert, update and delete leaves a line in a trail: who, what, when, before and after, by whatever path it came.
 *
 * On SQLite a writer that is no session is refused.
 *
 * @throws AshlarError `table-invalid`, when the table is declared, if `into` is no trail or a column does not fit
 *
 * @example
 * const changes = auditTrail('changes');
 * table('clients', { id: id(), name: z.string(), pin: z.string() }, (c) => [audited({ into: changes, except: c.pin })]);
 */
export const audited = (options: AuditedOptions): Guarantee => {
  const except = list(options.except);
  const rules: AuditedRules = {
    trail: options.into as unknown as Table,
    except: except.map((column) => column?.name),
  };
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'audited',
    promise:
      'Each insert, update and delete leaves a line in a trail: who, what, when, before and after, by whatever path it came.',
    validate: (table: Table) => {
      assertOwn(table, 'audited({ except })', except);
      assertTrail(table, options.into);
      const key = except.find(({ name }) => table.primaryKey.columns.includes(name));
      if (key) {
        throw unfit(
          table,
          `${key.name} is a part of the primary key, which the trail tells in any case.`,
          'Take it out of except.',
        );
      }
    },
    sqlite: {
      level: 'emulated' as const,
      weaker: 'A file has no roles: whoever writes a session row by hand acts in the name that it has.',
      readsSession: true,
      objects: (table: Table) => auditedOnSqlite(table, rules),
    },
    postgres: {
      level: 'enforced' as const,
      objects: (table: Table) => auditedOnPostgres(table, rules),
      onPartition: guardPartition,
    },
    attacks: (table: Table, probe: Probe) => auditedAttacks(table, probe, rules),
  });
};

const assertTrail = (table: Table, into: AuditTrail | undefined): void => {
  if (into === undefined || !isTrail(into)) {
    throw unfit(
      table,
      'audited({ into }) is no audit trail.',
      "Declare one: const changes = auditTrail('changes').",
    );
  }
  if (isTrail(table)) {
    throw unfit(
      table,
      'an audit trail is not audited itself.',
      'Its lines never change: ledgered() shows that.',
    );
  }
};
