/// <reference types="node" />
import { autoincrement, index, references, system, table } from 'ashlar';
import { z } from 'zod';

export const usersTable = table(
  'users_table',
  {
    id: autoincrement(),
    name: z.string(),
    age: z.int(),
    email: z.string(),
  },
  (c) => [
    index(c.email, { name: 'users_table_email_unique', unique: true }),
  ],
);

export const postsTable = table(
  'posts_table',
  {
    id: autoincrement(),
    title: z.string(),
    content: z.string(),
    user_id: z.int(),
    updated_at: z.int().nullable(),
  },
  (c) => [
    references(c.user_id, usersTable.columns.id, { onDelete: 'cascade' }),
  ],
);

export const drizzleKept = system('drizzle_kept', {
  tables: { usersTable, postsTable },
  migrations: new URL('./migrations/', import.meta.url),
});
