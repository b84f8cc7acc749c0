// Releases that only the tests have: their foundation has more versions than the released one. The test of upgrades and its
// child processes use them.

/** The next version: older releases go on. It changes and adds objects, as a release may. */
const changes = {
  sqlite: [
    'ALTER TABLE ashlar_session ADD COLUMN release TEXT',
    'ALTER TABLE ashlar_migrations ADD COLUMN release TEXT',
    'CREATE TABLE ashlar_added (id INTEGER NOT NULL PRIMARY KEY) STRICT',
  ],
  postgres: [
    `CREATE OR REPLACE FUNCTION ashlar_scope_bigint_low() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
      AS $$SELECT CASE WHEN pg_catalog.current_setting('ashlar.scope', true) OPERATOR(pg_catalog.=) '*' THEN 0::pg_catalog.int8 END$$`,
    'CREATE FUNCTION ashlar_added() RETURNS int LANGUAGE sql IMMUTABLE AS $$SELECT 2$$',
    'ALTER TABLE ashlar_migrations ADD COLUMN release text',
  ],
};

/** A statement that runs for seconds, so that a process can be killed during it. */
const slow = {
  sqlite:
    'CREATE TABLE ashlar_slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 40000000) SELECT count(*) AS n FROM n',
  postgres: 'SELECT pg_sleep(3)',
};

/** The version after it: releases that do not know it cannot go on. */
const breaking = {
  sqlite: ['ALTER TABLE ashlar_added RENAME TO ashlar_changed'],
  postgres: ['DROP FUNCTION ashlar_added()'],
};

/** The objects of the next version that differ from the released ones, by dialect. */
const objects = {
  sqlite: [
    {
      name: 'ashlar_added',
      exists: "SELECT 1 AS found FROM main.sqlite_schema WHERE name = 'ashlar_added'",
      create: changes.sqlite[2],
    },
  ],
  postgres: [
    {
      name: 'ashlar_scope_bigint_low',
      exists:
        "SELECT 1 AS found FROM pg_proc WHERE proname = 'ashlar_scope_bigint_low' AND prosrc LIKE '%0::pg_catalog.int8%'",
      create: changes.postgres[0],
    },
    {
      name: 'ashlar_added',
      exists: "SELECT 1 AS found FROM pg_proc WHERE proname = 'ashlar_added'",
      create: changes.postgres[1],
    },
  ],
};

/** The foundation of a release that knows one more version than the released one, or two more. */
export const raised = ({ name, foundation, foundationVersions }, { more = 1, isSlow = false } = {}) => {
  const last = foundationVersions.at(-1)?.version ?? 1;
  return {
    foundation: [
      ...foundation.filter((one) => objects[name].every((other) => other.name !== one.name)),
      ...objects[name].filter((one) => more === 1 || one.name !== 'ashlar_added'),
    ],
    foundationVersions: [
      ...foundationVersions,
      {
        version: last + 1,
        name: 'expanded',
        oldest: 1,
        change: [...changes[name], ...(isSlow ? [slow[name]] : [])],
      },
      { version: last + 2, name: 'contracted', oldest: last + 2, change: breaking[name] },
    ].slice(0, foundationVersions.length + more),
  };
};

/** The first statement of the next version. */
export const firstChange = (name) => changes[name][0];
