import {
  type Attack,
  everyScope,
  identifiers,
  literal,
  type Probe,
  type SqlRow,
  type TableFacts,
} from 'ashlar';

// words that no client and no knowledge has, or the preparation itself would be refused
const name = 'Zqprove & Zqashlar';
const spelledOtherwise = 'ZQPROVE – zqashlar';
const clientId = '00000000-0000-7000-8000-000000000001';
const knowledgeId = '00000000-0000-7000-8000-000000000002';

const insert = (table: string, row: SqlRow): string =>
  `INSERT INTO ${table} (${identifiers(Object.keys(row))}) VALUES (${Object.values(row).join(', ')})`;

const aClient = insert('clients', {
  id: literal(clientId),
  name: literal(name),
  industry: literal('prove'),
});

const someKnowledge = insert('institutional_knowledge', {
  id: literal(knowledgeId),
  category: literal('zq'),
  content: literal(spelledOtherwise),
});

interface Draft {
  readonly name: string;
  readonly statements: readonly string[];
  readonly scope?: string | null;
}

const refused = (as: Attack['as'], { name, statements, scope = everyScope }: Draft): Attack => ({
  name: as === 'owner' ? `${name}, by the owner` : name,
  as,
  statements,
  expect: 'refused',
  ...(as === 'app' ? { scope } : {}),
});

const tried = (probe: Probe, drafts: readonly Draft[], elsewhere: readonly Draft[]): readonly Attack[] => [
  ...[...drafts, ...elsewhere].map((draft) => refused('app', draft)),
  ...drafts.map((draft) => refused('owner', draft)),
  ...(probe.dialect === 'postgres'
    ? drafts.map(({ name, statements }) =>
        refused('owner', {
          name: `${name}, replicating`,
          statements: ['SET LOCAL session_replication_role = replica', ...statements],
        }),
      )
    : []),
];

/** Ways to say in the knowledge whose it is. */
export const knowledgeAttacks = (table: TableFacts, probe: Probe): readonly Attack[] => {
  const saying = (row: SqlRow): string => insert(table.name, { ...probe.fresh, ...row });
  const id = probe.fresh.id ?? 'NULL';
  return tried(
    probe,
    [
      {
        name: 'content that names a client',
        statements: [aClient, saying({ content: literal(`Seen at ${name}, last May.`) })],
      },
      {
        name: 'content that names a client in other case and punctuation',
        statements: [aClient, saying({ content: literal(`At ${spelledOtherwise}: closed on Mondays`) })],
      },
      { name: 'a source that names a client', statements: [aClient, saying({ source: literal(name) })] },
      { name: 'a category that names a client', statements: [aClient, saying({ category: literal(name) })] },
      {
        name: 'a tag that names a client',
        statements: [aClient, saying({ tags: literal(JSON.stringify(['cafes', name])) })],
      },
      {
        name: 'a tag that names a client behind an escape',
        statements: [aClient, saying({ tags: literal('["a\\nZqprove\\u0020& Zqashlar"]') })],
      },
      {
        name: 'UPDATE that names a client',
        statements: [
          aClient,
          insert(table.name, probe.fresh),
          `UPDATE ${table.name} SET content = ${literal(name)} WHERE id = ${id}`,
        ],
      },
    ],
    [
      { name: 'INSERT by a session of one client', statements: [saying({})], scope: clientId },
      { name: 'INSERT by a session without a scope', statements: [saying({})], scope: null },
    ],
  );
};

/** Ways to give a client a name that the knowledge has already. */
export const namingAttacks = (table: TableFacts, probe: Probe): readonly Attack[] => {
  const named = (row: SqlRow): string => insert(table.name, { ...probe.fresh, ...row });
  const own = probe.row.id ?? 'NULL';
  return tried(
    probe,
    [
      {
        name: 'a client of a name in the knowledge',
        statements: [someKnowledge, named({ name: literal(name) })],
      },
      {
        name: 'a client renamed to a name in the knowledge',
        statements: [someKnowledge, `UPDATE ${table.name} SET name = ${literal(name)} WHERE id = ${own}`],
      },
    ],
    [
      {
        name: 'a client renamed by its own session',
        statements: [`UPDATE ${table.name} SET name = ${literal(name)} WHERE id = ${own}`],
        ...(probe.scope === undefined ? {} : { scope: probe.scope }),
      },
    ],
  );
};
