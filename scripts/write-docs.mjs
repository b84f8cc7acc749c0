// Writes the generated pages of docs/ from the built package: npm run docs
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** docs/errors.md from the catalogue of error codes. */
export const errorsPage = (errorCodes) =>
  [
    '# Errors',
    '',
    'Every error of Ashlar is an `AshlarError`: `code`, `message` (what), `detail` (why), `suggestion` (what to do).',
    'This page is generated from `src/errors.ts` by `npm run docs`. Exit: the status a command ends with',
    '(1 a check failed · 2 wrong usage · 3 could not connect or open).',
    '',
    '| code | exit | meaning |',
    '|---|---|---|',
    ...Object.entries(errorCodes).map(
      ([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${meaning} |`,
    ),
    '',
  ].join('\n');

/** A table that declares each guarantee, to read its levels from and count its attacks. */
export const guaranteeSamples = {
  acyclic: ({ id, references, table }, { acyclic }, z) =>
    table('folders', { id: id(), parent_id: z.uuid().nullable(), name: z.string() }, (c) => [
      references(c.parent_id, c.id),
      acyclic(c.parent_id),
    ]),
  appendOnly: ({ id, table }, { appendOnly }, z) =>
    table('events', { id: id(), note: z.string() }, () => [appendOnly()]),
  auditTrail: (_, { auditTrail }) => auditTrail('changes'),
  audited: ({ id, table }, { audited, auditTrail }, z) =>
    table('clients', { id: id(), name: z.string() }, () => [audited({ into: auditTrail('changes') })]),
  encrypted: ({ ciphertext, id, table }, { encrypted, keyring }, z) =>
    table('dossiers', { id: id(), client_id: z.uuid(), body: ciphertext(z.string()) }, (c) => [
      encrypted({ scope: c.client_id, keys: keyring('data_keys') }),
    ]),
  keyring: (_, { keyring }) => keyring('data_keys'),
  ledgered: ({ createdAt, id, table }, { appendOnly, ledgered }, z) =>
    table('events', { id: id(), note: z.string(), created_at: createdAt() }, () => [
      appendOnly(),
      ledgered(),
    ]),
  legalHolds: (_, { legalHolds }) => legalHolds('legal_holds'),
  lifecycle: ({ id, table }, { lifecycle }, z) =>
    table('jobs', { id: id(), status: z.enum(['waiting', 'running', 'done']) }, (c) => [
      lifecycle(c.status, { waiting: ['running'], running: ['done'] }, { initial: 'waiting' }),
    ]),
  partitioned: ({ createdAt, id, primaryKey, table }, { partitioned }) =>
    table('events', { id: id(), created_at: createdAt() }, (c) => [
      primaryKey(c.id, c.created_at),
      partitioned(c.created_at, { by: 'month' }),
    ]),
  retained: ({ createdAt, id, table }, { appendOnly, legalHolds, retained }, z) =>
    table('events', { id: id(), note: z.string(), created_at: createdAt() }, (c) => [
      appendOnly(),
      retained(c.created_at, { for: { years: 5 }, reason: 'the law', hold: legalHolds('legal_holds') }),
    ]),
  scoped: ({ id, table }, { scoped }, z) =>
    table('dossiers', { id: id(), client_id: z.uuid(), body: z.string() }, (c) => [scoped(c.client_id)]),
  versioned: ({ id, table }, { versioned }, z) =>
    table(
      'clauses',
      {
        id: id(),
        code: z.string(),
        version: z.int().min(1).default(1),
        is_current: z.boolean().default(true),
        previous_id: z.uuid().nullable(),
      },
      (c) => [versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_id })],
    ),
};

// attacks are text: what stands in the rows does not change how many there are
const sampleProbe = (table, dialect) => {
  const row = (text) => Object.fromEntries(Object.keys(table.columns).map((name) => [name, `'${text}'`]));
  const partitions = dialect === 'postgres' ? [`${table.name}_2026_01`, `${table.name}_default`] : [];
  return {
    dialect,
    row: row('row'),
    other: row('other'),
    fresh: row('fresh'),
    values: row('value'),
    partitions: table.guarantees.some((each) => each.postgres.clause) ? partitions : [],
    scope: 'one',
    otherScope: 'another',
  };
};

const cell = (text) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

const level = (enforcement) => {
  const why = enforcement.level === 'refused' ? enforcement.why : enforcement.weaker;
  return why === undefined ? enforcement.level : `${enforcement.level}: ${why}`;
};

/** Guarantees that a table of any columns can declare. */
const declared = [
  'acyclic',
  'appendOnly',
  'audited',
  'encrypted',
  'ledgered',
  'lifecycle',
  'partitioned',
  'retained',
  'scoped',
  'versioned',
];

/** Tables of fixed columns, and the guarantees that they have columns for. */
const made = ['auditTrail', 'keyring', 'legalHolds'];
const added = ['appendOnly', 'audited', 'ledgered', 'retained', 'scoped'];

/**
 * Why guarantees cannot hold together, by their own rules; `undefined` where they can.
 *
 * @param guarantees - those of one table, each with the table to read its facts from
 */
export const whyNot = (guarantees) => {
  const facts = guarantees.map(({ guarantee, table }) => guarantee.facts?.(table) ?? {});
  const giverOf = (asking, { fact, when }) =>
    guarantees.find(
      (_, at) => at !== asking && facts[at][fact] !== undefined && (when?.holds(facts[at]) ?? true),
    )?.guarantee.name;
  const inCase = (name, { when }) => (when ? `${name} ${when.words}` : name);
  for (const [at, { guarantee }] of guarantees.entries()) {
    const { name, conflicts = [], requires = [] } = guarantee;
    const twice = Object.keys(facts[at]).find((fact) =>
      facts.some((other, other_at) => other_at !== at && other[fact] !== undefined),
    );
    if (twice) return { what: `It already has ${name}.`, why: '' };
    for (const rule of conflicts) {
      const other = giverOf(at, rule);
      if (other) return { what: `${name} and ${inCase(other, rule)} cannot hold together.`, why: rule.why };
    }
    for (const rule of requires)
      if (!giverOf(at, rule))
        return { what: `${name} requires ${inCase('append-only', rule)}.`, why: rule.why };
  }
  return undefined;
};

const combinationTables = (sampleTables) => {
  const reasons = [];
  const noteOf = ({ what, why }) => {
    const text = `${what} ${why}`.trim();
    if (!reasons.includes(text)) reasons.push(text);
    return `no (${reasons.indexOf(text) + 1})`;
  };
  const own = (name) => {
    const table = sampleTables[name];
    return { guarantee: table.guarantees.at(-1), table };
  };
  const all = (name) =>
    sampleTables[name].guarantees.map((guarantee) => ({ guarantee, table: sampleTables[name] }));
  // a ledger is append-only in any case; what else a sample declares is not what it is a sample of
  const withRequired = (name) => (name === 'ledgered' ? all(name) : [own(name)]);
  const cellOf = (guarantees) => {
    const reason = whyNot(guarantees);
    return reason ? noteOf(reason) : 'yes';
  };
  const pair = (one, other) => {
    if (one === other) return '';
    if ([one, other].includes('ledgered') && [one, other].includes('appendOnly')) return 'required';
    return cellOf([...withRequired(one), ...withRequired(other)]);
  };
  const grid = (rows, columns, cellAt) => [
    `| | ${columns.map((name) => `\`${name}\``).join(' | ')} |`,
    `|---|${columns.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| \`${row}\` | ${columns.map((column) => cellAt(row, column)).join(' | ')} |`),
  ];
  const pairs = grid(declared, declared, pair);
  const fixed = grid(made, added, (row, column) => cellOf([...all(row), own(column)]));
  return { pairs, fixed, reasons };
};

/** docs/guarantees.md from the guarantees themselves. */
export const guaranteesPage = (ashlar, guarantees, z) => {
  const tables = Object.fromEntries(
    Object.entries(guaranteeSamples).map(([name, sample]) => [name, sample(ashlar, guarantees, z)]),
  );
  const rows = Object.entries(tables).map(([name, table]) => {
    const guarantee = table.guarantees.at(-1);
    const attacks = (dialect) => guarantee.attacks?.(table, sampleProbe(table, dialect)).length ?? 0;
    return [
      `\`${name}\``,
      guarantee.summary,
      level(guarantee.postgres),
      level(guarantee.sqlite),
      `${attacks('postgres')} / ${attacks('sqlite')}`,
    ];
  });
  const { pairs, fixed, reasons } = combinationTables(tables);
  return [
    '# Guarantees',
    '',
    'What a table can guarantee, and how each kind of engine keeps it: `enforced` by the database itself, `emulated` (and in',
    'which way that is weaker), or `refused`. `ashlar prove` tries the attacks; their number depends on the table, and here is',
    'that of a small one. This page is generated from `src/guarantees` by `npm run docs`.',
    '',
    '| guarantee | what it guarantees | Postgres | SQLite | attacks, Postgres / SQLite |',
    '|---|---|---|---|---|',
    ...rows.map((cells) => `| ${cells.map(cell).join(' | ')} |`),
    '',
    '## What combines with what',
    '',
    'A table can declare several guarantees. `table()` refuses a combination that cannot hold with `table-invalid`; the reasons',
    'are below the tables. Guarantees that combine in pairs combine in any number.',
    '',
    ...pairs,
    '',
    'Audit trails, keyrings and tables of legal holds have fixed columns. What they can declare in addition:',
    '',
    ...fixed,
    '',
    ...reasons.map((reason, at) => `${at + 1}. ${reason}`),
    '',
  ].join('\n');
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { errorCodes } = await import(new URL('../packages/ashlar/dist/errors.js', import.meta.url));
  writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage(errorCodes));
  const ashlar = await import(new URL('../packages/ashlar/dist/index.js', import.meta.url));
  const guarantees = await import(new URL('../packages/ashlar/dist/guarantees/index.js', import.meta.url));
  const { z } = await import('zod');
  writeFileSync(new URL('../docs/guarantees.md', import.meta.url), guaranteesPage(ashlar, guarantees, z));
}
