-- the schema of Drizzle's tutorials (Neon, Supabase), as `drizzle-kit generate` writes it, with a few rows
CREATE TABLE "posts_table" (
	"id" serial PRIMARY KEY NOT NULL,
	"title" text NOT NULL,
	"content" text NOT NULL,
	"user_id" integer NOT NULL,
	"created_at" timestamp DEFAULT now() NOT NULL,
	"updated_at" timestamp NOT NULL
);
CREATE TABLE "users_table" (
	"id" serial PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"age" integer NOT NULL,
	"email" text NOT NULL,
	CONSTRAINT "users_table_email_unique" UNIQUE("email")
);
ALTER TABLE "posts_table" ADD CONSTRAINT "posts_table_user_id_users_table_id_fk" FOREIGN KEY ("user_id") REFERENCES "users_table"("id") ON DELETE cascade ON UPDATE no action;
INSERT INTO "users_table" ("name", "age", "email") VALUES ('John', 30, 'john@example.com'), ('Ann', 41, 'ann@example.com');
INSERT INTO "posts_table" ("title", "content", "user_id", "updated_at") VALUES ('First', 'Hello', 1, '2024-02-29 12:00:00'), ('Second', 'Again', 1, '2024-03-01 12:00:00');
