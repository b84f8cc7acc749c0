import type { SqlName } from 'ashlar/extend';

/** A schema of another program, and what that program does with it. */
export interface ThirdParty {
  readonly name: string;
  readonly engines: readonly SqlName[];
  /** Queries of the program: their rows are the same after taking over. */
  readonly reads: Readonly<Partial<Record<SqlName, readonly string[]>>>;
  /** Statements of the program, which go on working. */
  readonly writes: Readonly<Partial<Record<SqlName, readonly string[]>>>;
  /**
   * The variable of a table that gets a trail; on SQLite only the application with Ashlar writes into it, because the trail needs
   * its session.
   */
  readonly audited: Readonly<Partial<Record<SqlName, string>>>;
  /** Views that no step has, because they need what the description lacks. */
  readonly unseenViews?: readonly string[];
  /** The variable of a table that only grows. */
  readonly appendOnly: string;
}

const chinook = (quote: (name: string) => string): readonly string[] => [
  `SELECT t.${quote('Name')} AS track, a.${quote('Title')} AS album FROM ${quote('Track')} t JOIN ${quote('Album')} a ON a.${quote('AlbumId')} = t.${quote('AlbumId')} ORDER BY 1`,
  `SELECT g.${quote('Name')} AS genre, count(*) AS tracks, sum(t.${quote('UnitPrice')}) AS price FROM ${quote('Track')} t JOIN ${quote('Genre')} g ON g.${quote('GenreId')} = t.${quote('GenreId')} GROUP BY 1`,
  `SELECT ${quote('LastName')} AS name FROM ${quote('Employee')} WHERE ${quote('ReportsTo')} IS NULL`,
];

export const thirdParties: readonly ThirdParty[] = [
  {
    name: 'chinook',
    engines: ['sqlite', 'postgres'],
    reads: {
      sqlite: [...chinook((name) => `[${name}]`), 'SELECT [HireDate] AS hired FROM [Employee]'],
      postgres: chinook((name) => name.replaceAll(/(?<=[a-z])([A-Z])/g, '_$1').toLowerCase()),
    },
    writes: {
      sqlite: [
        "INSERT INTO [Artist] ([Name]) VALUES ('Aerosmith')",
        'UPDATE [Track] SET [UnitPrice] = 1.29 WHERE [TrackId] = 1',
        "INSERT INTO [Invoice] ([CustomerId], [InvoiceDate], [Total]) SELECT [CustomerId], '2009-01-01 00:00:00', 1.98 FROM [Customer]",
      ],
      postgres: [
        'UPDATE track SET unit_price = 1.29 WHERE track_id = 1',
        "INSERT INTO invoice (customer_id, invoice_date, total) SELECT customer_id, '2009-01-01', 1.98 FROM customer",
      ],
    },
    audited: { sqlite: 'genre', postgres: 'genre' },
    appendOnly: 'mediaType',
  },
  {
    name: 'northwind',
    engines: ['sqlite', 'postgres'],
    reads: {
      sqlite: [
        'SELECT ProductName, UnitPrice FROM Products ORDER BY 1',
        'SELECT OrderID, OrderDate, Freight FROM Orders ORDER BY 1',
      ],
      postgres: [
        'SELECT p.product_name, p.unit_price, c.category_name FROM products p JOIN categories c USING (category_id) ORDER BY 1',
        'SELECT company_name FROM suppliers ORDER BY 1',
      ],
    },
    writes: {
      sqlite: ['UPDATE Products SET UnitPrice = 18.5 WHERE ProductID = 1'],
      postgres: [
        "INSERT INTO customers (customer_id, company_name) VALUES ('ALFKI', 'Alfreds Futterkiste')",
        'UPDATE products SET unit_price = 18.5, units_in_stock = units_in_stock - 1 WHERE product_id = 1',
      ],
    },
    audited: { sqlite: 'categories', postgres: 'categories' },
    appendOnly: 'shippers',
  },
  {
    name: 'sakila',
    engines: ['sqlite'],
    reads: {
      sqlite: [
        'SELECT * FROM customer_list',
        'SELECT * FROM film_list ORDER BY FID',
        'SELECT * FROM sales_by_film_category',
        "SELECT rental_id, rental_date FROM rental WHERE return_date IS NULL AND rental_date < '2006-01-01'",
        "SELECT strftime('%Y-%m', payment_date) AS month, sum(amount) AS total FROM payment GROUP BY 1 ORDER BY 1",
        "SELECT title FROM film WHERE rental_rate < 1 AND special_features LIKE '%Deleted Scenes%'",
      ],
    },
    writes: {
      sqlite: [
        "INSERT INTO actor VALUES (3, 'ED', 'CHASE', '2006-02-15 04:34:33')",
        "UPDATE actor SET first_name = 'EDWARD' WHERE actor_id = 3",
        "INSERT INTO rental VALUES (3, datetime('now'), 1, 1, NULL, 1, datetime('now'))",
        "UPDATE rental SET return_date = datetime('now') WHERE rental_id = 3",
        "INSERT INTO payment VALUES (3, 1, 1, 3, 4.99, datetime('now'), datetime('now'))",
      ],
    },
    audited: { sqlite: 'language', postgres: 'language' },
    appendOnly: 'category',
  },
  {
    name: 'pagila',
    engines: ['postgres'],
    unseenViews: ['actor_info', 'sales_by_film_category'],
    reads: {
      postgres: [
        'SELECT * FROM customer_list',
        'SELECT fid, title, price, rating::text AS rating FROM film_titles',
        'SELECT * FROM sales_by_film_category',
        // film_in_stock hands the key, which is a bigint afterwards, to a function of an integer
        'SELECT inventory_in_stock(1)',
        "SELECT title FROM film WHERE rating = 'PG' AND fulltext @@ to_tsquery('drama')",
        "SELECT title FROM film WHERE 'Deleted Scenes' = ANY (special_features)",
      ],
    },
    writes: {
      postgres: [
        "INSERT INTO actor (first_name, last_name) VALUES ('ED', 'CHASE')",
        'UPDATE customer SET active = 0 WHERE customer_id = 1',
        "INSERT INTO film (title, language_id, rating, special_features) VALUES ('ACE GOLDFINGER', 1, 'G', '{Trailers}')",
        'INSERT INTO rental (rental_date, inventory_id, customer_id, staff_id) VALUES (now(), 1, 1, 1)',
        'UPDATE rental SET return_date = now() WHERE return_date IS NULL',
        "INSERT INTO payment (customer_id, staff_id, rental_id, amount, payment_date) VALUES (1, 1, 1, 0.99, '2022-01-26')",
      ],
    },
    // no view of a step reads it
    audited: { postgres: 'staff' },
    appendOnly: 'category',
  },
  {
    name: 'drizzle',
    engines: ['sqlite', 'postgres'],
    reads: {
      sqlite: [
        'select "users_table"."id", "users_table"."name", "users_table"."age", "users_table"."email", count("posts_table"."id") from "users_table" left join "posts_table" on "users_table"."id" = "posts_table"."user_id" group by "users_table"."id" order by "users_table"."id" asc limit 5 offset 0',
        'select "id", "title", "created_at", "updated_at" from "posts_table" order by "id"',
      ],
      postgres: [
        'select "users_table"."id", "users_table"."name", "users_table"."age", "users_table"."email", count("posts_table"."id") from "users_table" left join "posts_table" on "users_table"."id" = "posts_table"."user_id" group by "users_table"."id" order by "users_table"."id" asc limit 5 offset 0',
        `select "id", "title" from "posts_table" where "posts_table"."updated_at" between '2024-02-28T00:00:00.000Z' and '2024-03-01T00:00:00.000Z' order by "id"`,
      ],
    },
    writes: {
      sqlite: [
        `insert into "users_table" ("id", "name", "age", "email") values (null, 'Eve', 25, 'eve@example.com')`,
        `insert into "posts_table" ("id", "title", "content", "user_id", "created_at", "updated_at") values (null, 'Third', 'More', 1, (CURRENT_TIMESTAMP), 1709208000)`,
        `insert into "posts_table" ("title", "content", "user_id") values ('Fourth', 'More', 1)`,
        `update "posts_table" set "title" = 'Changed', "updated_at" = 1709208001 where "posts_table"."id" = 1`,
      ],
      postgres: [
        `insert into "users_table" ("id", "name", "age", "email") values (default, 'Eve', 25, 'eve@example.com')`,
        `insert into "posts_table" ("id", "title", "content", "user_id", "created_at", "updated_at") values (default, 'Third', 'More', 1, default, '2024-03-02T00:00:00.000Z')`,
        `update "posts_table" set "title" = 'Changed', "updated_at" = '2024-03-03T00:00:00.000Z' where "posts_table"."id" = 1`,
      ],
    },
    audited: { postgres: 'postsTable' },
    appendOnly: 'usersTable',
  },
  {
    name: 'prisma',
    engines: ['sqlite', 'postgres'],
    reads: {
      sqlite: [
        'SELECT `main`.`Post`.`id`, `main`.`Post`.`createdAt`, `main`.`Post`.`updatedAt`, `main`.`Post`.`title`, `main`.`Post`.`published`, `main`.`Post`.`viewCount`, `main`.`Post`.`authorId` FROM `main`.`Post` WHERE `main`.`Post`.`published` = true ORDER BY `main`.`Post`.`updatedAt` DESC LIMIT -1 OFFSET 0',
        "SELECT `main`.`User`.`id`, `main`.`User`.`email` FROM `main`.`User` WHERE (`main`.`User`.`email` = 'alice@prisma.io' AND 1=1) LIMIT 1 OFFSET 0",
      ],
      postgres: [
        'SELECT "public"."Post"."id", "public"."Post"."title", "public"."Post"."published", "public"."Post"."viewCount", "public"."Post"."authorId" FROM "public"."Post" WHERE "public"."Post"."published" = true ORDER BY "public"."Post"."updatedAt" DESC, "public"."Post"."id" OFFSET 0',
        `SELECT "public"."User"."id", "public"."User"."email" FROM "public"."User" WHERE ("public"."User"."email" = 'alice@prisma.io' AND 1=1) LIMIT 1 OFFSET 0`,
      ],
    },
    writes: {
      sqlite: [
        "INSERT INTO `main`.`User` (`email`, `name`) VALUES ('eve@prisma.io', 'Eve')",
        "INSERT INTO `main`.`Post` (`createdAt`, `updatedAt`, `title`, `published`, `viewCount`, `authorId`) VALUES (1709380800000, 1709380800000, 'New', false, 0, 1)",
        'UPDATE `main`.`Post` SET `viewCount` = (`viewCount` + 1), `updatedAt` = 1709380800001 WHERE (`main`.`Post`.`id` = 1 AND 1=1)',
      ],
      postgres: [
        `INSERT INTO "public"."User" ("email", "name") VALUES ('eve@prisma.io', 'Eve')`,
        `INSERT INTO "public"."Post" ("createdAt", "updatedAt", "title", "published", "viewCount", "authorId") VALUES ('2024-03-02 12:00:00 UTC'::timestamp, '2024-03-02 12:00:00 UTC'::timestamp, 'New', false, 0, 1)`,
        `UPDATE "public"."Post" SET "viewCount" = ("viewCount" + 1), "updatedAt" = '2024-03-02 12:00:00 UTC'::timestamp WHERE ("public"."Post"."id" = 1 AND 1=1)`,
      ],
    },
    audited: { postgres: 'post' },
    appendOnly: 'user',
  },
];
