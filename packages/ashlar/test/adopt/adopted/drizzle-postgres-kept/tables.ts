/// <reference types="node" />
import { autoincrement, now, references, system, table, unique } from 'ashlar';
import { z } from 'zod';

export const usersTable = table(
  'users_table',
  {
    id: autoincrement(),
    name: z.string(),
    age: z.int().min(-2147483648).max(2147483647),
    email: z.string(),
  },
  (c) => [
    unique(c.email, { name: 'users_table_email_unique' }),
  ],
);

export const postsTable = table(
  'posts_table',
  {
    id: autoincrement(),
    title: z.string(),
    content: z.string(),
    user_id: z.int().min(-2147483648).max(2147483647),
    created_at: now(z.iso.datetime({ precision: 6 })),
    updated_at: z.iso.datetime({ precision: 6 }),
  },
  (c) => [
    references(c.user_id, usersTable.columns.id, { onDelete: 'cascade', name: 'posts_table_user_id_users_table_id_fk' }),
  ],
);

export const drizzleKept = system('drizzle_kept', {
  tables: { usersTable, postsTable },
  migrations: new URL('./migrations/', import.meta.url),
});
