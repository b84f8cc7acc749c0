import { z } from 'zod';
import { readFileOrPipe } from '../files/read.js';
import { type DotEnv, readDotEnv } from './dot-env.js';
import { invalidSettings, unreadable } from './invalid.js';
import { redactUrl } from './redact.js';
import { Secret } from './secret.js';
import { settingWarnings } from './warnings.js';

/** The log levels, from the most detailed (`trace`) to none (`silent`). */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** A log level: one of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/**
 * The keys that wrap the data keys of encrypted columns, each written as `VERSION:KEY`, where KEY is 32 random bytes in
 * hex or base64.
 */
export interface ColumnKeys {
  /** The key that wraps new data keys. */
  readonly current: string | Secret;
  /** Earlier keys, which can still unwrap the data keys that were wrapped with them. */
  readonly old?: readonly (string | Secret)[] | undefined;
}

/** The settings that Ashlar reads from the environment. URLs print without their password. */
export interface Settings {
  /** `DATABASE_URL`: the URL with which the application's user opens the database. */
  readonly databaseUrl: Secret | undefined;
  /** `DATABASE_MIGRATE_URL`: the URL with which the owner opens the database; by default `databaseUrl`. */
  readonly databaseMigrateUrl: Secret | undefined;
  /** `DATABASE_KEY`, or the content of the file `DATABASE_KEY_FILE`: the key of an encrypted database. */
  readonly databaseKey: Secret | undefined;
  /**
   * `NEW_DATABASE_KEY`, or the content of the file `NEW_DATABASE_KEY_FILE`: the key that replaces
   * the key of the database in a key rotation.
   */
  readonly newDatabaseKey: Secret | undefined;
  /**
   * `SCOPE_KEY`, or the content of the file `SCOPE_KEY_FILE`: the key that signs actor and scope of sessions on PostgreSQL,
   * 64 hex digits.
   */
  readonly scopeKey: Secret | undefined;
  /** `NEW_SCOPE_KEY`, or the content of the file `NEW_SCOPE_KEY_FILE`: the key that replaces it in a key rotation. */
  readonly newScopeKey: Secret | undefined;
  /** `COLUMN_KEY` and `COLUMN_KEYS_OLD`, or the files `COLUMN_KEY_FILE` and `COLUMN_KEYS_OLD_FILE`: the column keys. */
  readonly columnKeys: ColumnKeys | undefined;
  /** `DATABASE_SCHEMA`: the schema on a PostgreSQL server; the URLs of these settings already contain it. */
  readonly databaseSchema: string | undefined;
  /** `DATABASE_APP_ROLE`: the role of sessions, if it is not the user of `DATABASE_URL`. */
  readonly databaseAppRole: string | undefined;
  /** `DATABASE_AUDITOR_ROLE`: the role of auditors, which may read all rows of all scopes. */
  readonly databaseAuditorRole: string | undefined;
  /** `LEDGER_KEY`, or the content of the file `LEDGER_KEY_FILE`: the key that signs checkpoints of ledgers. */
  readonly ledgerKey: Secret | undefined;
  /** `LEDGER_PUBLIC_KEY`: the public keys that verify checkpoints, separated by spaces. */
  readonly ledgerPublicKeys: readonly string[];
  /** `LEDGER_CHECKPOINTS`: the folder that holds signed checkpoints. Default `ledger-checkpoints`. */
  readonly ledgerCheckpoints: string;
  /** `BACKUP_DIR`: the folder that holds backups. Default `backups`. */
  readonly backupDir: string;
  /** `BACKUP_KEY`, or the content of the file `BACKUP_KEY_FILE`: the age key that creates and opens backups. */
  readonly backupKey: Secret | undefined;
  /** `BACKUP_RECIPIENT`: additional age recipients who can open backups, separated by spaces. */
  readonly backupRecipients: readonly string[];
  /** `BACKUP_KEEP_LAST`, `_DAILY`, `_WEEKLY` and `_MONTHLY`: how many backups `ashlar backup prune` keeps. */
  readonly backupKeep: {
    readonly last?: number;
    readonly daily?: number;
    readonly weekly?: number;
    readonly monthly?: number;
  };
  /** `PG_DUMP`: the path of the program pg_dump; without it, Ashlar searches for the program. */
  readonly pgDump: string | undefined;
  /** `PG_RESTORE`: the path of the program pg_restore; without it, Ashlar searches for the program. */
  readonly pgRestore: string | undefined;
  /** `LOG_LEVEL`: the least severe level of log lines that is still written. Default `info`. */
  readonly logLevel: LogLevel;
  /**
   * What is probably not meant: a name that is nearly one of these, and a value in `.env` that ends before a `#`. Show it to the
   * user; it has no value of a setting. Left out where there is nothing.
   */
  readonly warnings?: readonly string[];
}

const filled = z.string().trim().min(1, 'is empty');
const url = filled.regex(
  // other programs read this variable too: prisma+postgres://
  /^[a-z][a-z0-9+.-]*:./,
  'is not a database URL (sqlite:PATH, sqlcipher:PATH, pglite:DIR, postgres://…)',
);

const role = filled
  // PostgreSQL cuts off longer names
  .refine((name) => Buffer.byteLength(name) <= 63, 'is longer than 63 bytes')
  .regex(/^(?!pg_)[^\0]+$/, 'is not a valid name of a role')
  .refine((name) => name !== 'public' && name !== 'none', 'is not a valid name of a role');

const scopeKey = z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits (`ashlar key new --scope`)');

const count = z
  .string()
  .regex(/^\d{1,6}$/, 'must be an integer of at most six digits')
  .transform(Number);

const variables = z.object({
  DATABASE_URL: url.optional(),
  DATABASE_MIGRATE_URL: url.optional(),
  DATABASE_KEY: z.string().min(1, 'is empty').optional(),
  DATABASE_KEY_FILE: filled.optional(),
  NEW_DATABASE_KEY: z.string().min(1, 'is empty').optional(),
  NEW_DATABASE_KEY_FILE: filled.optional(),
  SCOPE_KEY: scopeKey.optional(),
  SCOPE_KEY_FILE: filled.optional(),
  NEW_SCOPE_KEY: scopeKey.optional(),
  NEW_SCOPE_KEY_FILE: filled.optional(),
  COLUMN_KEY: filled.optional(),
  COLUMN_KEY_FILE: filled.optional(),
  COLUMN_KEYS_OLD: filled.optional(),
  COLUMN_KEYS_OLD_FILE: filled.optional(),
  DATABASE_SCHEMA: filled
    .max(63)
    .regex(/^[a-z_][a-z0-9_]*$/, 'must consist of lower-case letters, digits and underscores')
    .optional(),
  DATABASE_APP_ROLE: role.optional(),
  DATABASE_AUDITOR_ROLE: role.optional(),
  LEDGER_KEY: z.string().min(1, 'is empty').optional(),
  LEDGER_KEY_FILE: filled.optional(),
  LEDGER_PUBLIC_KEY: filled.optional(),
  LEDGER_CHECKPOINTS: filled.default('ledger-checkpoints'),
  BACKUP_DIR: filled.default('backups'),
  BACKUP_KEY: z.string().min(1, 'is empty').optional(),
  BACKUP_KEY_FILE: filled.optional(),
  BACKUP_RECIPIENT: filled.optional(),
  BACKUP_KEEP_LAST: count.optional(),
  BACKUP_KEEP_DAILY: count.optional(),
  BACKUP_KEEP_WEEKLY: count.optional(),
  BACKUP_KEEP_MONTHLY: count.optional(),
  PG_DUMP: filled.optional(),
  PG_RESTORE: filled.optional(),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
});

const known: ReadonlySet<string> = new Set(Object.keys(variables.shape));
/** How long the writer of a key may take, in milliseconds: it may ask a person for a passphrase. */
const keyWait = 120_000;

/** The environment variables, together with those in a folder's file `.env`, which may be a pipe, and is read once. */
export interface Environment {
  /** The environment wins; an empty variable of it counts as not set. */
  readonly variables: NodeJS.Dict<string>;
  readonly dotEnv: DotEnv;
}

/**
 * Reads the file `.env` of a folder, and puts it together with the environment.
 *
 * @throws AshlarError `settings-invalid` when `.env` exists and cannot be read, or could hide a setting of Ashlar
 */
export function readEnvironment(env: NodeJS.Dict<string>, directory: string): Environment {
  const dotEnv = readDotEnv(directory, known);
  return { variables: together(env, dotEnv), dotEnv };
}

const together = (env: NodeJS.Dict<string>, dotEnv: DotEnv): NodeJS.Dict<string> => {
  const given = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  return {
    ...Object.fromEntries(dotEnv.lines.map(({ name, value }) => [name, value])),
    ...Object.fromEntries(given),
  };
};

/**
 * Reads a key file, or a pipe in its place, and returns its text without the line break at the end.
 *
 * @param name - the variable or option that names the file, for the message: `DATABASE_KEY_FILE` or `--key-file`
 * @param wait - how long the writer of a pipe may take, in milliseconds. Default: two minutes
 * @throws AshlarError `settings-invalid`, naming `name` and never the content
 */
export function readKeyFile(name: string, path: string, wait = keyWait): Secret {
  let text: string;
  try {
    text = readFileOrPipe(path, wait)
      .toString('utf8')
      .replace(/\r?\n$/, '');
  } catch (error) {
    throw invalidSettings(
      `${name} names a file that cannot be read (${unreadable(error)}).`,
      'Check the path and its permissions.',
    );
  }
  if (text === '') throw invalidSettings(`${name} names an empty file.`, 'Put the key into it.');
  return new Secret(text);
}

/** Adds a schema to the URL of a PostgreSQL server if the URL names no schema. Other URLs are returned unchanged. */
export function withSchema(databaseUrl: string, schema: string | undefined): string {
  if (schema === undefined || !/^postgres(ql)?:/.test(databaseUrl) || /[?&]schema=/.test(databaseUrl)) {
    return databaseUrl;
  }
  return `${databaseUrl}${databaseUrl.includes('?') ? '&' : '?'}schema=${schema}`;
}

const secretUrl = (text: string | undefined, schema: string | undefined): Secret | undefined => {
  if (text === undefined) return undefined;
  const whole = withSchema(text, schema);
  return new Secret(whole, redactUrl(whole));
};

type SecretName =
  | 'DATABASE_KEY'
  | 'NEW_DATABASE_KEY'
  | 'SCOPE_KEY'
  | 'NEW_SCOPE_KEY'
  | 'COLUMN_KEY'
  | 'COLUMN_KEYS_OLD'
  | 'LEDGER_KEY'
  | 'BACKUP_KEY';

const secretOf = (data: z.infer<typeof variables>, name: SecretName): Secret | undefined => {
  const [value, file] = [data[name], data[`${name}_FILE`]];
  if (value !== undefined && file !== undefined) {
    throw invalidSettings(`${name} and ${name}_FILE are both set.`, 'Set only one of them.');
  }
  if (file !== undefined) return readKeyFile(`${name}_FILE`, file);
  return value === undefined ? undefined : new Secret(value);
};

/**
 * Reads and validates the settings of Ashlar from the environment and the file `.env`.
 *
 * @param env - the environment; an empty variable counts as not set
 * @param directory - the folder of the file `.env`; variables of `env` win over it
 * @throws AshlarError `settings-invalid`, which names variables and never a value
 */
export function settings(
  env: NodeJS.Dict<string> = process.env,
  directory: string = process.cwd(),
): Settings {
  return settingsIn(readEnvironment(env, directory));
}

/**
 * Validates the settings of Ashlar among variables.
 *
 * @throws AshlarError `settings-invalid`, which names variables and never a value
 */
export function settingsIn({ variables: given, dotEnv }: Environment): Settings {
  const result = variables.safeParse(given);
  if (!result.success) {
    const lines = result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}.`);
    throw invalidSettings(lines.join('\n'), 'Correct the variable in the environment or in .env.');
  }
  const { data } = result;
  const databaseKey = secretOf(data, 'DATABASE_KEY');
  const columnKey = secretOf(data, 'COLUMN_KEY');
  const columnKeysOld = secretOf(data, 'COLUMN_KEYS_OLD');
  if (columnKeysOld && !columnKey) {
    throw invalidSettings('COLUMN_KEYS_OLD is set without COLUMN_KEY.', 'Set COLUMN_KEY to the current key.');
  }
  const databaseUrl = secretUrl(data.DATABASE_URL, data.DATABASE_SCHEMA);
  const warnings = settingWarnings({ known: [...known], variables: given, dotEnv });
  return {
    databaseUrl,
    databaseMigrateUrl: secretUrl(data.DATABASE_MIGRATE_URL, data.DATABASE_SCHEMA) ?? databaseUrl,
    databaseKey,
    newDatabaseKey: secretOf(data, 'NEW_DATABASE_KEY'),
    scopeKey: secretOf(data, 'SCOPE_KEY'),
    newScopeKey: secretOf(data, 'NEW_SCOPE_KEY'),
    columnKeys: columnKey && {
      current: columnKey,
      old: (columnKeysOld?.reveal() ?? '')
        .split(/[\s,]+/)
        .filter(Boolean)
        .map((text) => new Secret(text)),
    },
    databaseSchema: data.DATABASE_SCHEMA,
    databaseAppRole: data.DATABASE_APP_ROLE,
    databaseAuditorRole: data.DATABASE_AUDITOR_ROLE,
    ledgerKey: secretOf(data, 'LEDGER_KEY'),
    ledgerPublicKeys: data.LEDGER_PUBLIC_KEY?.split(/\s+/) ?? [],
    ledgerCheckpoints: data.LEDGER_CHECKPOINTS,
    backupDir: data.BACKUP_DIR,
    backupKey: secretOf(data, 'BACKUP_KEY'),
    backupRecipients: data.BACKUP_RECIPIENT?.split(/\s+/) ?? [],
    backupKeep: {
      ...(data.BACKUP_KEEP_LAST === undefined ? {} : { last: data.BACKUP_KEEP_LAST }),
      ...(data.BACKUP_KEEP_DAILY === undefined ? {} : { daily: data.BACKUP_KEEP_DAILY }),
      ...(data.BACKUP_KEEP_WEEKLY === undefined ? {} : { weekly: data.BACKUP_KEEP_WEEKLY }),
      ...(data.BACKUP_KEEP_MONTHLY === undefined ? {} : { monthly: data.BACKUP_KEEP_MONTHLY }),
    },
    pgDump: data.PG_DUMP,
    pgRestore: data.PG_RESTORE,
    logLevel: data.LOG_LEVEL,
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}
