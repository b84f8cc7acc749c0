// The application of a frozen release: a table with each guarantee, what it writes, and what one of its sessions does. The
// script that freezes a release and the tests of upgrades use it.

/** @param ashlar the exports of `ashlar`, from the sources or the build */
export const makeSystem = (ashlar, guarantees, z, migrations) => {
  const { bytes, ciphertext, createdAt, id, primaryKey, references, system, table, timestamps, unique } =
    ashlar;
  const { acyclic, appendOnly, audited, auditTrail, encrypted, keyring, ledgered, legalHolds } = guarantees;
  const { lifecycle, partitioned, retained, scoped, versioned } = guarantees;

  const trail = auditTrail('trail', (c) => [
    scoped(c.scope),
    ledgered(),
    retained(c.at, { for: { years: 10 }, reason: 'law' }),
  ]);
  const holds = legalHolds('holds');
  const dataKeys = keyring('data_keys', (c) => [audited({ into: trail, except: c.wrapped })]);
  const clients = table(
    'clients',
    {
      id: id(),
      email: ciphertext(z.email()),
      email_index: bytes().nullable(),
      status: z.enum(['invited', 'active', 'closed']),
      ...timestamps(),
    },
    (c) => [
      scoped(c.id),
      encrypted({ scope: c.id, keys: dataKeys, blindIndex: { of: c.email, into: c.email_index } }),
      lifecycle(
        c.status,
        { invited: ['active', 'closed'], active: ['closed'], closed: [] },
        { initial: 'invited' },
      ),
      audited({ into: trail, except: c.email }),
    ],
  );
  const dossiers = table(
    'dossiers',
    {
      id: id(),
      client_id: z.uuid(),
      code: z.string().min(1),
      version: z.int32().min(1).default(1),
      is_current: z.boolean().default(true),
      previous_id: z.uuid().nullable(),
    },
    (c) => [
      references(c.client_id, clients.columns.id),
      references(c.previous_id, c.id),
      scoped(c.client_id),
      versioned({ key: c.code, version: c.version, current: c.is_current, previous: c.previous_id }),
    ],
  );
  const letters = table(
    'letters',
    {
      id: id(),
      client_id: z.uuid(),
      at: createdAt({ precision: 6 }),
      body: z.string().min(1),
      note: ciphertext(z.string()).nullable(),
    },
    (c) => [
      references(c.client_id, clients.columns.id),
      appendOnly(),
      scoped(c.client_id),
      encrypted({ scope: c.client_id, keys: dataKeys }),
      ledgered(),
      audited({ into: trail }),
      retained(c.at, { for: { years: 10 }, reason: 'law', hold: holds, scope: c.client_id }),
    ],
  );
  const visits = table(
    'visits',
    { id: id(), client_id: z.uuid(), at: createdAt(), path: z.string().min(1) },
    (c) => [primaryKey(c.id, c.at), partitioned(c.at, { by: 'month' }), appendOnly(), scoped(c.client_id)],
  );
  const folders = table(
    'folders',
    { id: id(), client_id: z.uuid(), parent_id: z.uuid().nullable(), name: z.string().min(1) },
    (c) => [
      unique(c.client_id, c.id),
      references(c.client_id, clients.columns.id),
      references([c.client_id, c.parent_id], [c.client_id, c.id]),
      scoped(c.client_id),
      acyclic(c.parent_id),
      audited({ into: trail }),
    ],
  );
  const tables = { trail, holds, dataKeys, clients, dossiers, letters, visits, folders };
  return system('office', { tables, migrations });
};

/** A client of the frozen rows, and the scope of the recorded session. */
export const scope = '00000000-0000-7000-8000-00000000000a';
/** The key of a row that the recorded session inserts: a repetition takes other keys. */
export const recordedKeys = ['1', '2', '3', '4'].map(
  (digit) => `00000000-0000-7000-8000-0000000000f${digit}`,
);
/** The master key of the encrypted columns. */
export const columnKey = `1:${'5e'.repeat(32)}`;
/** The plain texts of the frozen letters, in the order in which they were written. */
export const bodies = ['one', 'two', 'three'];

/** Writes the frozen rows. */
export const fill = async (db) => {
  const { clients, dossiers, letters, visits, folders } = db.system.tables;
  await db.session({ actor: 'user:7', scope }, async (s) => {
    await s.insert(clients, { id: scope, email: 'ann@example.org', status: 'invited' });
    await s.update(clients, scope, { status: 'active' });
    const first = await s.insert(dossiers, { client_id: scope, code: 'd-1' });
    await s.insert(dossiers, { client_id: scope, code: 'd-1', version: 2, previous_id: first.id });
    for (const body of bodies) await s.insert(letters, { client_id: scope, body, note: `note of ${body}` });
    await s.insert(visits, { client_id: scope, path: '/' });
    const root = await s.insert(folders, { client_id: scope, name: 'all' });
    await s.insert(folders, { client_id: scope, parent_id: root.id, name: 'some' });
  });
};

/** What the recorded session does: it writes to a ledger, a trail, a partition and a tree, and reads. */
export const work = async (db) => {
  const { letters, visits, folders } = db.system.tables;
  const [letter, visit, root, folder] = recordedKeys;
  await db.session({ actor: 'user:7', scope }, async (s) => {
    await s.insert(letters, { id: letter, client_id: scope, body: 'from an old session', note: null });
    await s.get(letters, letter);
    await s.insert(visits, { id: visit, client_id: scope, path: '/old' });
    await s.insert(folders, { id: root, client_id: scope, name: 'above' });
    await s.insert(folders, { id: folder, client_id: scope, parent_id: root, name: 'below' });
    await s.update(folders, folder, { name: 'renamed' });
    await s.delete(folders, folder);
    await s.query.selectFrom('trail').select('id').limit(1).execute();
  });
};
