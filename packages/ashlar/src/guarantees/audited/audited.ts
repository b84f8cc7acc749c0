import type { Probe } from '../../contract/attack.js';
import type { Column } from '../../contract/column.js';
import type { Guarantee } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { assertOwn, list, unfit } from '../shared/declaration.js';
import { auditedAttacks } from './attacks.js';
import { auditedOnPostgres, guardPartition } from './postgres.js';
import type { AuditedRules } from './rules.js';
import { auditedOnSqlite } from './sqlite.js';
import type { AuditTrail } from './trail.js';

/** Where the trail of a table goes, and what is kept out of it. */
export interface AuditedOptions {
  /** A table made by `auditTrail`, in the same system. */
  readonly into: AuditTrail;
  /** Columns whose values stay out of the trail; that they changed is told in its column `unseen`. */
  readonly except?: Column | readonly Column[];
  /** Says that every session may read in the trail what stands in rows of other scopes, where only the table is scoped. */
  readonly acrossScopes?: boolean;
}

/**
 * Each insert, update and delete leaves a line in a trail: who, what, when, before and after, by whatever path it came.
 *
 * On SQLite a writer that is no session is refused. The trail of a scoped table is scoped itself: a session sees the lines
 * that sessions of its scope have left, and `everyScope` all.
 *
 * @throws AshlarError `table-invalid`, when the table is declared, if `into` is no trail, or not scoped as the table is, or a column does not fit
 *
 * @example
 * const changes = auditTrail('changes');
 * table('clients', { id: id(), name: z.string(), pin: z.string() }, (c) => [audited({ into: changes, except: c.pin })]);
 */
export const audited = (options: AuditedOptions): Guarantee => {
  const except = list(options.except);
  const rules: AuditedRules = {
    trail: options.into as unknown as TableFacts,
    except: except.map((column) => column?.name),
  };
  return Object.freeze({
    kind: 'guarantee' as const,
    name: 'audited',
    summary:
      'Each insert, update and delete leaves a line in a trail: who, what, when, before and after, by whatever path it came.',
    facts: () => ({ audited: { trail: options.into?.name, except: rules.except } }),
    conflicts: [
      {
        fact: 'trail' as const,
        why: 'Only the database writes a trail, and its lines never change.',
        suggestion: 'Use ledgered() to show that no line was changed.',
      },
    ],
    validate: (table: TableFacts) => {
      assertOwn(table, 'audited({ except })', except);
      assertTrail(table, options);
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
      objects: (table: TableFacts) => auditedOnSqlite(table, rules),
    },
    postgres: {
      level: 'enforced' as const,
      objects: (table: TableFacts) => auditedOnPostgres(table, rules),
      onPartition: guardPartition,
    },
    attacks: (table: TableFacts, probe: Probe) => auditedAttacks(table, probe, rules),
  });
};

const assertTrail = (table: TableFacts, { into, acrossScopes = false }: Partial<AuditedOptions>): void => {
  if (into === undefined || !into.facts?.trail) {
    throw unfit(
      table,
      'audited({ into }) is no audit trail.',
      "Declare one: const changes = auditTrail('changes').",
    );
  }
  if (table.facts.scope && !into.facts.scope && !acrossScopes) {
    throw unfit(
      table,
      `it is scoped, but what stands in its rows could be read by every session in its trail ${into.name}.`,
      `Scope the trail: auditTrail('${into.name}', (c) => [scoped(c.scope)]), or say audited({ acrossScopes: true }).`,
    );
  }
};
