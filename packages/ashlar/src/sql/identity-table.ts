/**
 * The table of Ashlar's own that has a database's own identity, a random UUID, and how many backups the database has counted: one
 * row, which the first backup writes (decision 0039). The application's role reads it; only the owner writes it.
 */
export const identityTable = 'ashlar_database';
