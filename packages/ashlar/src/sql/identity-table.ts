/**
 * The table of Ashlar's own by which the backups of a database are known (decision 0039): the row with the number 0 has the
 * database's own identity, a random UUID; each other row has a random token of a backup that was counted. The first backup writes
 * it. The application's role reads it; only the owner writes it.
 */
export const identityTable = 'ashlar_database';
