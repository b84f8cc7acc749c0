/**
 * The table of Ashlar's own that has a row in a database that is marked as a test database: there a session may have a clock of
 * its own. The application's role reads it; only the owner writes it.
 */
export const testMarkTable = 'ashlar_test_database';

/** The SQL condition that the database is marked as a test database. */
export const isTestDatabase = `EXISTS (SELECT 1 FROM ${testMarkTable})`;

/** The SQL statement that marks a database as a test database; it does nothing where the database is marked. */
export const markSql = `INSERT INTO ${testMarkTable} (id) SELECT 1 WHERE NOT ${isTestDatabase}`;
