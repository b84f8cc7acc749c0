/// <reference types="node" />
import { autoincrement, index, references, system, table } from 'ashlar';
import { z } from 'zod';

export const user = table(
  'User',
  {
    id: autoincrement(),
    email: z.string(),
    name: z.string().nullable(),
  },
  (c) => [
    index(c.email, { name: 'User_email_key', unique: true }),
  ],
);

export const post = table(
  'Post',
  {
    id: autoincrement(),
    updatedAt: z.int(),
    title: z.string(),
    content: z.string().nullable(),
    published: z.boolean().default(false),
    viewCount: z.int().default(0),
    authorId: z.int().nullable(),
  },
  (c) => [
    references(c.authorId, user.columns.id, { onDelete: 'set null', onUpdate: 'cascade' }),
  ],
);

export const prismaKept = system('prisma_kept', {
  tables: { user, post },
  migrations: new URL('./migrations/', import.meta.url),
});
