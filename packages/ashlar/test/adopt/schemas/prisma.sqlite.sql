-- Prisma's REST example (prisma-examples, orm/express), as `prisma migrate` writes its schema, with a few rows as the client stores them
CREATE TABLE "User" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "email" TEXT NOT NULL,
    "name" TEXT
);
CREATE TABLE "Post" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL,
    "title" TEXT NOT NULL,
    "content" TEXT,
    "published" BOOLEAN NOT NULL DEFAULT false,
    "viewCount" INTEGER NOT NULL DEFAULT 0,
    "authorId" INTEGER,
    CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
CREATE TABLE "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME, "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp, "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0);
INSERT INTO "User" ("email", "name") VALUES ('alice@prisma.io', 'Alice'), ('nilu@prisma.io', 'Nilu'), ('mahmoud@prisma.io', NULL);
INSERT INTO "Post" ("createdAt", "updatedAt", "title", "content", "published", "viewCount", "authorId") VALUES
  (1709208000000, 1709208000000, 'Join the Prisma Discord', 'https://pris.ly/discord', true, 0, 1),
  (1709208000000, 1709294400250, 'Follow Prisma on Twitter', 'https://www.twitter.com/prisma', true, 42, 2),
  (1709208000000, 1709208000000, 'Ask a question about Prisma on GitHub', NULL, true, 128, 3);
