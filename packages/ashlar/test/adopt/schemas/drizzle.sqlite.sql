-- the schema of Drizzle's tutorials (Turso), as `drizzle-kit generate` writes it, with a few rows as drizzle-orm stores them
CREATE TABLE `posts_table` (
	`id` integer PRIMARY KEY NOT NULL,
	`title` text NOT NULL,
	`content` text NOT NULL,
	`user_id` integer NOT NULL,
	`created_at` text DEFAULT (CURRENT_TIMESTAMP) NOT NULL,
	`updated_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users_table`(`id`) ON UPDATE no action ON DELETE cascade
);
CREATE TABLE `users_table` (
	`id` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`age` integer NOT NULL,
	`email` text NOT NULL
);
CREATE UNIQUE INDEX `users_table_email_unique` ON `users_table` (`email`);
CREATE TABLE `__drizzle_migrations` (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric);
INSERT INTO `users_table` (`name`, `age`, `email`) VALUES ('John', 30, 'john@example.com'), ('Ann', 41, 'ann@example.com');
INSERT INTO `posts_table` (`title`, `content`, `user_id`, `updated_at`) VALUES ('First', 'Hello', 1, 1709208000), ('Second', 'Again', 1, NULL);
