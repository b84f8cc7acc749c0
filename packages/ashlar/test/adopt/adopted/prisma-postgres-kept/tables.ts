/// <reference types="node" />
import { autoincrement, index, now, references, system, table } from 'ashlar';
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
    createdAt: now(z.iso.datetime({ precision: 6 })),
    updatedAt: z.iso.datetime({ precision: 6 }),
    title: z.string(),
    content: z.string().nullable(),
    published: z.boolean().default(false),
    viewCount: z.int().min(-2147483648).max(2147483647).default(0),
    authorId: z.int().min(-2147483648).max(2147483647).nullable(),
  },
  (c) => [
    references(c.authorId, user.columns.id, { onDelete: 'set null', onUpdate: 'cascade' }),
  ],
);

export const prismaKept = system('prisma_kept', {
  tables: { user, post },
  migrations: new URL('./migrations/', import.meta.url),
});
