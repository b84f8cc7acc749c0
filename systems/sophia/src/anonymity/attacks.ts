import { everyScope } from 'ashlar';
import { type Attack, identifiers, literal, type Probe, type SqlRow, type TableFacts } from 'ashlar/extend';
import { nameKey } from '../name-key.js';

// words that occur nowhere else: otherwise the preparation itself would be refused
const name = 'Zqprove & Zqashlar';
const respelled = 'ZQPROVE – zqashlar';
const clientId = '00000000-0000-7000-8000-000000000001';
const knowledgeId = '00000000-0000-7000-8000-000000000002';

const insert = (table: string, row: SqlRow): string =>
  `INSERT INTO ${table} (${identifiers(Object.keys(row))}) VALUES (${Object.values(row).join(', ')})`;

const aClient = insert('clients', {
  id: literal(clientId),
  name: literal(name),
  name_key: literal(nameKey(name)),
  industry: literal('prove'),
});

const someKnowledge = insert('institutional_knowledge', {
  id: literal(knowledgeId),
  category: literal('zq'),
  content: literal(respelled),
});

interface Draft {
  readonly name: string;
  readonly statements: readonly string[];
  readonly scope?: string | null;
}

const refusedAttack = (as: Attack['as'], { name, statements, scope = everyScope }: Draft): Attack => ({
  name: as === 'owner' ? `${name}, by the owner` : name,
  as,
  statements,
  expect: 'refused',
  ...(as === 'app' ? { scope } : {}),
});

const attacksOf = (probe: Probe, drafts: readonly Draft[], appOnly: readonly Draft[]): readonly Attack[] => [
  ...[...drafts, ...appOnly].map((draft) => refusedAttack('app', draft)),
  ...drafts.map((draft) => refusedAttack('owner', draft)),
  ...(probe.dialect === 'postgres'
    ? drafts.map(({ name, statements }) =>
        refusedAttack('owner', {
          name: `${name}, in replica mode`,
          statements: ['SET LOCAL session_replication_role = replica', ...statements],
        }),
      )
    : []),
];

/** Returns the attacks that write a client's name into the institutional knowledge. */
export function knowledgeAttacks(table: TableFacts, probe: Probe): readonly Attack[] {
  const insertion = (row: SqlRow): string => insert(table.name, { ...probe.fresh, ...row });
  const id = probe.fresh.id ?? 'NULL';
  return attacksOf(
    probe,
    [
      {
        name: 'INSERT of content that names a client',
        statements: [aClient, insertion({ content: literal(`Seen at ${name}, last May.`) })],
      },
      {
        name: 'INSERT of content that names a client in different case and punctuation',
        statements: [aClient, insertion({ content: literal(`At ${respelled}: closed on Mondays`) })],
      },
      {
        name: 'INSERT of a source that names a client',
        statements: [aClient, insertion({ source: literal(name) })],
      },
      {
        name: 'INSERT of a category that names a client',
        statements: [aClient, insertion({ category: literal(name) })],
      },
      {
        name: 'INSERT of a tag that names a client',
        statements: [aClient, insertion({ tags: literal(JSON.stringify(['cafes', name])) })],
      },
      {
        name: 'INSERT of a tag that names a client by JSON escapes',
        statements: [aClient, insertion({ tags: literal('["a\\nZqprove\\u0020& Zqashlar"]') })],
      },
      {
        name: 'UPDATE of content to a text that names a client',
        statements: [
          aClient,
          insert(table.name, probe.fresh),
          `UPDATE ${table.name} SET content = ${literal(name)} WHERE id = ${id}`,
        ],
      },
    ],
    [
      {
        name: 'INSERT by a session with the scope of one client',
        statements: [insertion({})],
        scope: clientId,
      },
      { name: 'INSERT by a session without a scope', statements: [insertion({})], scope: null },
    ],
  );
}

/** Returns the attacks that give a client a name that occurs in the institutional knowledge. */
export function namingAttacks(table: TableFacts, probe: Probe): readonly Attack[] {
  const insertion = (row: SqlRow): string => insert(table.name, { ...probe.fresh, ...row });
  const own = probe.row.id ?? 'NULL';
  return attacksOf(
    probe,
    [
      {
        name: 'INSERT of a client whose name occurs in the institutional knowledge',
        statements: [someKnowledge, insertion({ name: literal(name) })],
      },
      {
        name: 'UPDATE that gives a client a name that occurs in the institutional knowledge',
        statements: [someKnowledge, `UPDATE ${table.name} SET name = ${literal(name)} WHERE id = ${own}`],
      },
    ],
    [
      {
        name: 'UPDATE of a client’s name by a session with the scope of that client',
        statements: [`UPDATE ${table.name} SET name = ${literal(name)} WHERE id = ${own}`],
        ...(probe.scope === undefined ? {} : { scope: probe.scope }),
      },
    ],
  );
}
