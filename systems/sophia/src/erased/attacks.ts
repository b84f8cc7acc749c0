import { everyScope } from 'ashlar';
import { type Attack, identifiers, literal, type Probe, type SqlRow, type TableFacts } from 'ashlar/extend';

const id = '00000000-0000-7000-8000-00000000e4a5';
const time = literal('2026-01-01T00:00:00.000Z');

const insert = (table: string, row: SqlRow): string =>
  `INSERT INTO ${table} (${identifiers(Object.keys(row))}) VALUES (${Object.values(row).join(', ')})`;

const erasedClient = (probe: Probe): string =>
  insert('clients', {
    id: literal(id),
    name: literal('erased zqprove'),
    name_key: literal('erased zqprove'),
    industry: literal('erased'),
    is_archived: probe.dialect === 'sqlite' ? '1' : 'true',
    archived_at: time,
    erased_at: time,
  });

const both = (name: string, ...statements: readonly string[]): readonly Attack[] => [
  { name, as: 'app', statements, expect: 'refused', scope: everyScope },
  { name: `${name}, by the owner`, as: 'owner', statements, expect: 'refused' },
];

/** Returns the attacks that change, restore or remove a client who was erased. */
export function tombstoneAttacks(_table: TableFacts, probe: Probe): readonly Attack[] {
  const where = `WHERE id = ${literal(id)}`;
  const change = (name: string, set: string) =>
    both(`UPDATE of an erased client: ${name}`, erasedClient(probe), `UPDATE clients SET ${set} ${where}`);
  return [
    ...change('the mark is taken back', 'erased_at = NULL'),
    ...change('a name is given', "name = 'zqprove again'"),
    ...change('a field is filled', "business_description = 'x'"),
    ...both('DELETE of an erased client', erasedClient(probe), `DELETE FROM clients ${where}`),
  ];
}

/** Returns the attacks that write a row for a client who was erased. */
export function livingAttacks(table: TableFacts, probe: Probe): readonly Attack[] {
  const row = { ...probe.fresh, client_id: literal(id) };
  const own: Attack = {
    name: 'INSERT for an erased client by a session of that client',
    as: 'app',
    statements: [insert(table.name, row)],
    expect: 'refused',
    scope: id,
  };
  return [
    ...both('INSERT of a row for an erased client', erasedClient(probe), insert(table.name, row)),
    ...both(
      'UPDATE that gives a row to an erased client',
      erasedClient(probe),
      `UPDATE ${table.name} SET client_id = ${literal(id)} WHERE id = ${probe.row.id}`,
    ),
    own,
  ];
}

/** Returns the attacks that write what a row says of a client in the clear. */
export function silenceAttacks(
  table: TableFacts,
  probe: Probe,
  columns: readonly string[],
): readonly Attack[] {
  const bare = { ...probe.fresh, ...Object.fromEntries(columns.map((column) => [column, 'NULL'])) };
  return columns.flatMap((column) =>
    both(
      `INSERT of ${column} in the clear`,
      insert(table.name, {
        ...bare,
        client_id: literal(id),
        [column]: probe.values[column] ?? '\'"x"\'',
      }),
    ),
  );
}
