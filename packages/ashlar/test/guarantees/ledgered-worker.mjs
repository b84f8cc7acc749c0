// appends to a ledger until it is killed; argv: the library, the guarantees, zod, the database URL
const [, , library, guarantees, zod, url] = process.argv;
const { autoincrement, connect, system, table } = await import(library);
const { appendOnly, ledgered } = await import(guarantees);
const { z } = await import(zod);
const counted = table('counted', { id: autoincrement(), note: z.string() }, () => [appendOnly(), ledgered()]);
const db = await connect(system('testing', { tables: { counted }, migrations: new URL('file:///none/') }), {
  url,
});
const append = async () => {
  for (;;) {
    await db.session(async (s) => {
      await s.insert(counted, { note: 'first' });
      await s.insert(counted, { note: 'second' });
    });
  }
};
const seal = async () => {
  for (;;) await db.engine.seal();
};
process.stdout.write('ready\n');
await Promise.all([append(), append(), append(), seal()]);
