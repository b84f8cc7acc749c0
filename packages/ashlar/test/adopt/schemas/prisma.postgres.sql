-- Prisma's REST example (prisma-examples, orm/express), as `prisma migrate` writes its schema, with a few rows
CREATE TABLE "User" (
    "id" SERIAL NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "Post" (
    "id" SERIAL NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,
    "title" TEXT NOT NULL,
    "content" TEXT,
    "published" BOOLEAN NOT NULL DEFAULT false,
    "viewCount" INTEGER NOT NULL DEFAULT 0,
    "authorId" INTEGER,

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0);
INSERT INTO "User" ("email", "name") VALUES ('alice@prisma.io', 'Alice'), ('nilu@prisma.io', 'Nilu'), ('mahmoud@prisma.io', NULL);
INSERT INTO "Post" ("createdAt", "updatedAt", "title", "content", "published", "viewCount", "authorId") VALUES
  ('2024-02-29 12:00:00', '2024-02-29 12:00:00', 'Join the Prisma Discord', 'https://pris.ly/discord', true, 0, 1),
  ('2024-02-29 12:00:00', '2024-03-01 12:00:00.25', 'Follow Prisma on Twitter', 'https://www.twitter.com/prisma', true, 42, 2),
  ('2024-02-29 12:00:00', '2024-02-29 12:00:00', 'Ask a question about Prisma on GitHub', NULL, true, 128, 3);
