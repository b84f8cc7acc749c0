import type { FoundationObject } from '../../../contract/dialect.js';
import { everyScope, literal, noRights } from '../../../model/index.js';
import { revokeAll } from '../../../sql/postgres-rights.js';
import { inItsSchema } from '../../../sql/postgres-triggers.js';
import { sql } from '../../../sql/template.js';
import { scopeTypes } from './scope-types.js';

/** The table of the keys that verify contexts of sessions. Only the owner reads it. */
export const contextKeys = 'ashlar_context_keys';

/**
 * An empty table. A role that may read it, and not the keys, sets its own scope: the auditor has this right, a role that
 * writes does not.
 */
const everyScopeReaders = 'ashlar_every_scope';

/** How far the time in a token may be from the BEGIN of its transaction, in milliseconds. */
const tolerance = 5_000;

/** An SQL expression of type text for the place of the schema: its cluster, its database and itself. A copy has another. */
export const place = `(SELECT system_identifier::text FROM pg_control_system()) || '/' ||
  (SELECT oid FROM pg_database WHERE datname = current_database()) || '/' || quote_ident(current_schema())::regnamespace::oid`;

const here = 'pg_catalog.quote_ident(current_schema())::regnamespace';

const table = (
  name: string,
  columns: string,
  rest: Pick<FoundationObject, 'secret'> = {},
): FoundationObject => ({
  name,
  exists: `SELECT 1 AS found FROM pg_catalog.pg_class WHERE relname = ${literal(name)} AND relnamespace = ${here} AND relkind = 'r'`,
  // in one transaction: what default privileges give to other roles on new tables lasts for no other session
  create: `CREATE TABLE ${name} (${columns});\n${revokeAll(name)}`,
  rights: noRights,
  closed: true,
  ...rest,
});

interface FunctionParts {
  readonly name: string;
  readonly signature: string;
  readonly language: 'sql' | 'plpgsql';
  readonly body: string;
  /** Whether the function reads tables of its schema. */
  readonly reads: boolean;
}

/** A function that runs as its owner. */
const ownersFunction = ({ name, signature, language, body, reads }: FunctionParts): FoundationObject => ({
  name,
  exists: sql`
    SELECT 1 AS found FROM pg_catalog.pg_proc
    WHERE proname = ${literal(name)} AND pronamespace = ${here} AND prosrc = ${literal(body)}
      AND provolatile = 's' AND prosecdef AND (proconfig IS NOT NULL) = ${String(reads)}
  `,
  create: `CREATE OR REPLACE FUNCTION ${name}${signature} LANGUAGE ${language} STABLE PARALLEL SAFE SECURITY DEFINER${reads ? ` ${inItsSchema}` : ''} AS $$${body}$$`,
});

const is = (operator: string): string => `OPERATOR(pg_catalog.${operator})`;

/** The SQL expression for texts, one after another. */
const joined = (...texts: readonly string[]): string => texts.join(` ${is('||')} `);

const hashed = (...bytes: readonly string[]): string => `pg_catalog.sha256(${joined(...bytes)})`;

// HMAC(key, message) = sha256(outer pad || sha256(inner pad || message)). Hashes under the key are compared: their time says
// nothing about the right code. No literal here has a backslash, and no value depends on a setting of the session. Its tables are
// in the schema, so its path begins there: each operator and each function is named with pg_catalog, or one of the schema that
// matches better would be taken.
const contextBody = sql`
  DECLARE
    token text := coalesce(pg_catalog.current_setting('ashlar.token', true), '');
    issued text;
    inside bytea;
    outside bytea;
  BEGIN
    actor := coalesce(pg_catalog.current_setting('ashlar.actor', true), '');
    scope := coalesce(pg_catalog.current_setting('ashlar.scope', true), '');
    sees := scope;
    -- current_user is the owner of this function
    IF pg_catalog.pg_has_role(as_role, current_user, 'USAGE') THEN
      sees := ${literal(everyScope)};
      RETURN;
    END IF;
    IF token ${is('~')} '^[0-9]{1,9}[.][0-9]{1,15}[.][0-9a-f]{64}$' THEN
      issued := pg_catalog.split_part(token, '.', 2);
      SELECT k.inner_pad, k.outer_pad INTO inside, outside FROM ${contextKeys} k
        WHERE k.id ${is('=')} pg_catalog.split_part(token, '.', 1)::integer;
      IF ${hashed('outside', hashed('outside', hashed('inside', `pg_catalog.convert_to(${joined('issued', "':'", `pg_catalog.octet_length(pg_catalog.convert_to(actor, 'UTF8'))::text`, "':'", 'actor', 'scope')}, 'UTF8')`)))}
        ${is('=')} ${hashed('outside', "pg_catalog.decode(pg_catalog.split_part(token, '.', 3), 'hex')")}
        AND pg_catalog.abs((extract(epoch FROM pg_catalog.now()) ${is('*')} 1000::numeric) ${is('-')} issued::numeric) ${is('<=')} ${String(tolerance)}::numeric
      THEN
        RETURN;
      END IF;
    -- without a key, a signed session gets an error
    ELSIF NOT EXISTS (SELECT FROM ${contextKeys}) THEN
      RETURN;
    END IF;
    -- a right on every table of the schema, or of the database, is not meant as trust
    IF pg_catalog.has_table_privilege(as_role, '${everyScopeReaders}', 'SELECT')
      AND NOT pg_catalog.has_any_column_privilege(as_role, '${contextKeys}', 'SELECT')
    THEN
      RETURN;
    END IF;
    IF token ${is('=')} '' AND actor ${is('=')} '' AND scope ${is('=')} '' THEN
      actor := NULL;
      scope := NULL;
      sees := NULL;
      RETURN;
    END IF;
    RAISE EXCEPTION 'ashlar/context: the database refused the scope and the actor of this session'
      USING ERRCODE = 'invalid_authorization_specification';
  END
`;

const setting = "pg_catalog.current_setting('ashlar.scope', true)";

/**
 * The functions that bound an index search by the scope that a session claims: NULL, which no row equals, where the scope
 * is no value of the type. They can only leave rows out; `ashlar_context` decides.
 */
const ranges: readonly FoundationObject[] = scopeTypes.flatMap(({ type, internal, ends, isValue }) =>
  ([0, 1] as const).map((at) =>
    ownersFunction({
      name: `ashlar_range_${type}_${at === 0 ? 'low' : 'high'}`,
      signature: `(as_role name) RETURNS ${type}`,
      language: 'sql',
      reads: false,
      body: sql`
        SELECT CASE
          WHEN ${setting} OPERATOR(pg_catalog.=) ${literal(everyScope)} OR pg_catalog.pg_has_role(as_role, current_user, 'USAGE')
          THEN ${ends[at]}::pg_catalog.${internal}
          WHEN ${isValue} THEN ${setting}::pg_catalog.${internal}
        END
      `,
    }),
  ),
);

/**
 * The objects that authenticate the actor and the scope of a session (decision 0026): the keys, and the functions that
 * policies and triggers ask.
 */
export const contextObjects: readonly FoundationObject[] = [
  table(
    contextKeys,
    `id integer PRIMARY KEY, identity uuid NOT NULL, place text NOT NULL, inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
  outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64), check_value text NOT NULL, created_at timestamptz DEFAULT now() NOT NULL`,
    { secret: true },
  ),
  table(everyScopeReaders, 'reader integer CHECK (false)'),
  ownersFunction({
    name: 'ashlar_context',
    signature: '(as_role name, OUT actor text, OUT scope text, OUT sees text)',
    language: 'plpgsql',
    body: contextBody,
    reads: true,
  }),
  ownersFunction({
    name: 'ashlar_signing',
    signature: '(OUT id integer, OUT identity uuid, OUT check_value text) RETURNS SETOF record',
    language: 'sql',
    body: `SELECT id, identity, check_value FROM ${contextKeys} ORDER BY id`,
    reads: true,
  }),
  ...ranges,
];
