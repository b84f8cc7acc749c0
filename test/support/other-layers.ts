/** The files of a project by their paths. */
export type Files = Readonly<Record<string, string>>;

const strict = {
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2024'],
  types: ['node'],
  strict: true,
  noEmit: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
};

/** A service of Drizzle on PostgreSQL, of ES modules, with a strict TypeScript. */
export const drizzleProject: Files = {
  'package.json': `${JSON.stringify(
    {
      name: 'bookings',
      version: '1.4.0',
      type: 'module',
      scripts: { dev: 'tsx watch src/index.ts', 'db:push': 'drizzle-kit push', test: 'vitest' },
      dependencies: { 'drizzle-orm': '^0.45.1', pg: '^8.23.0', dotenv: '^17.2.3' },
      devDependencies: { 'drizzle-kit': '^0.31.8', tsx: '^4.21.0', typescript: '^5.9.3', vitest: '^4.1.12' },
    },
    null,
    2,
  )}\n`,
  'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
  'tsconfig.json': JSON.stringify({ compilerOptions: strict, exclude: ['src/db', 'drizzle.config.ts'] }),
  'drizzle.config.ts': `import 'dotenv/config';
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  out: './drizzle',
  // schema: './src/old.ts',
  schema: './src/db/schema/index.ts',
  dialect: 'postgresql',
  dbCredentials: { url: process.env.DATABASE_URL! },
});
`,
  'src/db/schema/index.ts': `export * from './bookings.js';\nexport * from './rooms.js';\n`,
  'src/db/schema/rooms.ts': `import { pgTable, integer, varchar } from 'drizzle-orm/pg-core';

export const rooms = pgTable('rooms', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  name: varchar({ length: 255 }).notNull(),
});
`,
  'src/db/schema/bookings.ts': `import { pgTable, integer, timestamp } from 'drizzle-orm/pg-core';
import { rooms } from './rooms.js';

export const bookings = pgTable(
  'bookings',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    roomId: integer().notNull().references(() => rooms.id),
    begins: timestamp().notNull(),
  },
);
`,
  'src/index.ts': `export {};\n`,
  '.env': 'DATABASE_URL=postgresql://app:pw-7b21@127.0.0.1:1/bookings\n',
  '.env.example': 'DATABASE_URL=\n',
  '.gitignore': 'node_modules\n.env\ndist',
};

/** A CommonJS service of Prisma on SQLite, tested with Jest. */
export const prismaProject: Files = {
  'package.json': `${JSON.stringify(
    {
      name: 'blog',
      version: '1.0.0',
      license: 'MIT',
      scripts: { dev: 'tsx src/index.ts', test: 'jest', 'db:up': 'docker compose up -d' },
      dependencies: { '@prisma/client': '6.19.0' },
      devDependencies: { prisma: '6.19.0', tsx: '4.21.0', typescript: '5.9.3', jest: '30.2.0' },
    },
    null,
    '\t',
  )}\n`,
  'yarn.lock': '# yarn lockfile v1\n',
  'tsconfig.json': JSON.stringify({ compilerOptions: strict, exclude: ['src'] }),
  'prisma/schema.prisma': `generator client {
  provider = "prisma-client-js"
}

datasource db {
  provider = "sqlite"
  url      = env("DATABASE_URL")
}

model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  posts Post[]
}

model Post {
  id       Int    @id @default(autoincrement())
  title    String
  author   User   @relation(fields: [authorId], references: [id])
  authorId Int

  @@map("posts")
}
`,
  'src/index.ts': `import { PrismaClient } from '@prisma/client';\n\nexport const prisma = new PrismaClient();\n`,
  '.env': 'DATABASE_URL="file:./dev.db"\n',
};
