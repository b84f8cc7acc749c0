import { scopeBounds } from '../../src/engines/postgres/schema/foundation.js';
import type { Sabotage } from './sabotages.js';

const thisMonth = `visits_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
const within = `client_id >= (SELECT ashlar_range_uuid_low(current_user)) AND client_id <= (SELECT ashlar_range_uuid_high(current_user))
  AND CASE (SELECT sees FROM ashlar_context(current_user)) COLLATE "C" WHEN '*' THEN true WHEN client_id::text THEN true ELSE false END`;

/** Disables a trigger of a guarantee. */
const disabled = (table: string, trigger: string, named: RegExp): Sabotage => ({
  name: `the trigger ${trigger} is disabled`,
  sql: [`ALTER TABLE ${table} DISABLE TRIGGER ${trigger}`],
  undo: [`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${trigger}`],
  named,
});

/** Drops a trigger of a guarantee. */
const dropped = (table: string, trigger: string, guarantee: string, on = ` ON ${table}`): Sabotage => ({
  name: `the trigger ${trigger} is dropped`,
  sql: [`DROP TRIGGER ${trigger}${on}`],
  undo: { remake: [trigger] },
  named: new RegExp(`${table}, ${guarantee}: the trigger ${trigger} is missing`),
});

/** Replaces the body of a function of a guarantee. */
const emptied = (name: string, body: string, returns = 'trigger'): Sabotage => ({
  name: `the function ${name} is emptied`,
  sql: [
    `CREATE OR REPLACE FUNCTION ${name}() RETURNS ${returns} LANGUAGE plpgsql AS $$ BEGIN RETURN ${body}; END $$`,
  ],
  undo: { remake: [`function ${name}`] },
  named: new RegExp(`schema: .*the function ${name} differs: body`),
});

const granted = (privilege: string, table: string, named: RegExp): Sabotage => ({
  name: `${privilege} on ${table} is granted to the application`,
  sql: [`GRANT ${privilege} ON ${table} TO ashlar_app`],
  undo: [`REVOKE ${privilege} ON ${table} FROM ashlar_app`],
  named,
});

/** The sabotages of the system with every guarantee on PostgreSQL, applied together. */
export const postgresEverySabotages: readonly Sabotage[] = [
  {
    name: 'row level security is off',
    sql: ['ALTER TABLE clients DISABLE ROW LEVEL SECURITY'],
    undo: ['ALTER TABLE clients ENABLE ROW LEVEL SECURITY'],
    named: /clients, scoped, as the app: SELECT, from another scope: read or changed rows: 1/,
  },
  {
    name: 'row level security is not forced',
    sql: ['ALTER TABLE dossiers NO FORCE ROW LEVEL SECURITY'],
    undo: ['ALTER TABLE dossiers FORCE ROW LEVEL SECURITY'],
    named:
      /schema: .*the table dossiers differs: row-level security is on, not for the owner instead of forced/,
  },
  {
    name: 'a policy admits every row',
    sql: ['ALTER POLICY letters_scoped ON letters USING (true)'],
    undo: [`ALTER POLICY letters_scoped ON letters USING (${within})`],
    named: /letters, scoped, as the app: SELECT, from another scope: read or changed rows: 1/,
  },
  {
    name: 'a policy is dropped',
    sql: ['DROP POLICY visits_scoped ON visits'],
    undo: [`CREATE POLICY visits_scoped ON visits USING (${within})`],
    named: /schema: .*visits: the policy visits_scoped is missing/,
  },
  {
    name: 'a permissive policy is added',
    sql: ['CREATE POLICY admit_all ON dossiers USING (true)'],
    undo: ['DROP POLICY admit_all ON dossiers'],
    named: /dossiers, scoped, as the app: SELECT, from another scope: read or changed rows: 1/,
  },
  {
    name: 'row level security is off on a partition',
    sql: [`ALTER TABLE ${thisMonth} DISABLE ROW LEVEL SECURITY`],
    undo: [`ALTER TABLE ${thisMonth} ENABLE ROW LEVEL SECURITY`],
    named: new RegExp(`partitions: ${thisMonth}: the policy visits_scoped is missing, disabled or changed`),
  },
  {
    name: 'a scope bound function is replaced',
    sql: [
      'CREATE OR REPLACE FUNCTION ashlar_scope_bigint_low() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT 0::bigint$$',
    ],
    undo: scopeBounds.filter(({ name }) => name === 'ashlar_scope_bigint_low').map(({ create }) => create),
    named: /ashlar_scope_bigint_low, which the guarantees need, is missing/,
  },
  disabled(
    'dossiers',
    'dossiers_audited_update',
    /dossiers, audited: the trigger dossiers_audited_update is not set to ENABLE ALWAYS/,
  ),
  emptied('clients_audited', 'NULL'),
  emptied('letters_retained_delete', 'OLD'),
  emptied('letters_ledger_seal', "'done'", 'text'),
  emptied('trail_ledger_stamp', 'NEW'),
  granted('INSERT', 'trail', /ashlar_app has INSERT on trail/),
  granted('DELETE', 'data_keys', /ashlar_app has DELETE on data_keys/),
  granted('INSERT', 'letters_ledger_tree', /ashlar_app has INSERT on letters_ledger_tree/),
  granted('UPDATE', 'letters_ledger_head', /ashlar_app has UPDATE on letters_ledger_head/),
  granted('SELECT', thisMonth, new RegExp(`SELECT on ${thisMonth}`)),
  dropped('trail', 'trail_trail_insert', 'trail'),
  dropped('letters', 'letters_ledger_append', 'ledgered'),
  dropped('data_keys', 'data_keys_keyring_insert', 'keyring'),
  dropped('dossiers', 'dossiers_encrypted_update', 'encrypted'),
  disabled(
    'folders',
    'folders_parent_id_acyclic_update',
    /folders, acyclic, as the app: a row becomes its own parent: was not refused/,
  ),
  disabled(
    'data_keys',
    'data_keys_keyring_delete',
    /data_keys, keyring, as the owner: the record of a shredding is deleted, as owner: was not refused/,
  ),
  disabled(
    'visits',
    'visits_retained_delete',
    /visits, retained: the trigger visits_retained_delete is not set to ENABLE ALWAYS/,
  ),
  disabled(
    'letters_ledger_entries',
    'letters_ledger_entries_append_only_update',
    /letters, ledgered, as the owner: UPDATE of letters_ledger_entries.*: was not refused/,
  ),
  disabled(
    'holds',
    'holds_append_only_delete',
    /holds, append-only, as the owner: DELETE of a row.*: was not refused/,
  ),
  {
    name: 'a CHECK against plaintext is dropped',
    sql: ['ALTER TABLE clients DROP CONSTRAINT clients_email_check'],
    undo: [
      "ALTER TABLE clients ADD CONSTRAINT clients_email_check CHECK (octet_length(email) >= 45 AND substr(email, 1, 1) = '\\x01')",
    ],
    named: /clients, encrypted, as the app: plaintext in email: was not refused/,
  },
];

/** The sabotages of the system with every guarantee on SQLite, applied together. */
export const sqliteEverySabotages: readonly Sabotage[] = [
  ...(
    [
      ['clients', 'clients_scoped_insert', 'scoped'],
      ['letters', 'letters_scoped_update', 'scoped'],
      ['visits', 'visits_scoped_delete', 'scoped'],
      ['dossiers', 'dossiers_audited_update', 'audited'],
      ['trail', 'trail_trail_insert', 'trail'],
      ['data_keys', 'data_keys_keyring_insert', 'keyring'],
      ['data_keys', 'data_keys_keyring_delete', 'keyring'],
      ['dossiers', 'dossiers_encrypted_update', 'encrypted'],
      ['letters', 'letters_retained_delete', 'retained'],
      ['visits', 'visits_retained_replace', 'retained'],
      ['letters', 'letters_ledger_append', 'ledgered'],
      ['letters', 'letters_ledger_entries_append_only_update', 'ledgered'],
      ['letters', 'letters_ledger_tree_append_only_insert', 'ledgered'],
      ['letters', 'letters_ledger_blocks_append_only_delete', 'ledgered'],
      ['trail', 'trail_ledger_head_update', 'ledgered'],
      ['holds', 'holds_append_only_delete', 'append-only'],
      ['folders', 'folders_parent_id_acyclic_update', 'acyclic'],
      ['letters', 'letters_purges_append_only_delete', 'retained'],
    ] as const
  ).map(([table, trigger, guarantee]) => dropped(table, trigger, guarantee, '')),
  {
    name: 'a trigger of audited is replaced by one that does nothing',
    sql: [
      'DROP TRIGGER clients_audited_insert',
      'CREATE TRIGGER clients_audited_insert AFTER INSERT ON clients BEGIN SELECT 1; END',
    ],
    undo: { remake: ['clients_audited_insert'] },
    named: /clients, audited, as the (app|owner): INSERT of a row.*: was not detected/,
  },
  {
    name: 'the index of a scope is dropped',
    sql: ['DROP INDEX dossiers_client_id_scope_idx'],
    undo: { remake: ['dossiers_client_id_scope_idx'] },
    named: /dossiers, scoped: the index dossiers_client_id_scope_idx is missing/,
  },
  {
    name: 'the table that permits purges is renamed',
    sql: ['ALTER TABLE ashlar_purge RENAME TO ashlar_purge_gone'],
    undo: ['ALTER TABLE ashlar_purge_gone RENAME TO ashlar_purge'],
    named: /ashlar_purge, which the guarantees need, is missing/,
  },
];
