import { resolve } from 'node:path';
import type { BackupKeysGiven, KeepRules } from '../backup/index.js';
import type { Config } from '../config/define-config.js';
import type { Engine } from '../contract/engine.js';
import type { GuardedPlace } from '../contract/guards.js';
import type { OpenOptions } from '../contract/open-options.js';
import type { Roles } from '../contract/roles.js';
import type { SqlName } from '../contract/sql.js';
import type { OnStatement } from '../contract/statement-event.js';
import { openEngine } from '../engines/open.js';
import { AshlarError } from '../errors.js';
import { parsePrivateKey, parseVerifierKey, type Signer, type Verifier } from '../ledger/keys.js';
import { assertNotIncoming } from '../migrations/incoming.js';
import { projectEngines } from '../migrations/project-engines.js';
import { rolesFrom } from '../roles/names.js';
import {
  type ColumnKeys,
  type Environment,
  type LogLevel,
  readEnvironment,
  readKeyFile,
  type Secret,
  type Settings,
  settingsIn,
  withSchema,
} from '../settings/index.js';
import { passwordsOf } from '../settings/redact.js';
import type { System } from '../system/system.js';
import { readConfig } from './config.js';
import type { Output } from './output.js';
import type { Streams } from './streams.js';
import { chooseSystems } from './systems.js';

/** The options that every command has. */
export interface GlobalOptions {
  readonly system?: readonly string[];
  readonly url?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly keyFile?: string;
  readonly allowOwner?: boolean;
}

/** The role that opens a database: the owner of the schema, or the application. */
export type Role = 'owner' | 'app';

/** One run of a command: its options, settings, systems and output. */
export class Invocation {
  readonly out: Output;
  readonly streams: Streams;
  readonly #options: GlobalOptions;
  #config: Promise<Config> | undefined;
  #settings: Settings | undefined;
  #given: Environment | undefined;
  // a pipe, as of `--key-file <(…)`, can be read once only
  readonly #keyFiles = new Map<string, Secret>();

  constructor(streams: Streams, out: Output, options: GlobalOptions) {
    this.streams = streams;
    this.out = out;
    this.#options = options;
  }

  /**
   * Returns the systems that the option `--system` names, or all systems if the option is not given.
   *
   * @throws AshlarError `usage`, `system-unknown`, `config-invalid`
   */
  async systems(): Promise<System[]> {
    return chooseSystems(this.#options.system ?? [], await this.#configuration());
  }

  /**
   * Returns the environment variables, together with those in the file `.env`.
   *
   * @throws AshlarError `settings-invalid`
   */
  environment(): NodeJS.Dict<string> {
    return this.#environment().variables;
  }

  /**
   * Returns the system for a command that works on exactly one system.
   *
   * @throws AshlarError `usage` if there are several
   */
  async system(): Promise<System> {
    const [first, ...others] = await this.systems();
    if (first && others.length === 0) return first;
    throw new AshlarError('usage', {
      message: 'This command works on one system.',
      suggestion: 'Choose the system with --system.',
    });
  }

  /**
   * Returns the engines that the project uses, as {@link projectEngines} finds them.
   *
   * @param folder - the migrations folder
   * @throws AshlarError `settings-invalid`, `config-invalid`
   */
  async engines(folder: URL | string): Promise<readonly SqlName[]> {
    const { databaseMigrateUrl, databaseUrl } = this.#known();
    const { engines, url } = await this.#configuration();
    const urls = [this.#options.url, databaseMigrateUrl?.reveal(), databaseUrl?.reveal(), url];
    return projectEngines(folder, { engines, urls });
  }

  /**
   * Returns the options for opening the database in a role.
   *
   * @param system - the system that it is opened for; by default all chosen ones together
   * @throws AshlarError `usage` without a URL, or if the chosen systems have their objects in several schemas; `settings-invalid`, `config-invalid`
   */
  async target(role: Role, system?: System): Promise<OpenOptions> {
    const known = this.#known();
    const fromSettings = role === 'owner' ? known.databaseMigrateUrl : known.databaseUrl;
    const plain = this.#options.url ?? fromSettings?.reveal() ?? (await this.#configuration()).url;
    if (plain === undefined) {
      throw new AshlarError('usage', {
        message: 'No database URL is given.',
        suggestion: 'Give --url sqlite:PATH (or sqlcipher:, pglite:, postgres://), or set DATABASE_URL.',
      });
    }
    const guards = system ? system.guards : guardsOf(await this.#chosen());
    return { ...(await this.targetAt(plain)), ...(guards ? { guards } : {}) };
  }

  /**
   * Returns the options for opening the database at the given URL, with the database key of this invocation.
   *
   * @throws AshlarError `settings-invalid`
   */
  async targetAt(plain: string): Promise<OpenOptions> {
    const known = this.#known();
    const url = withSchema(plain, known.databaseSchema);
    const key = this.databaseKey();
    const scopeKey = this.keyFrom('', undefined, known.scopeKey);
    this.out.hide(...passwordsOf(url));
    const onStatement = await statementLog(known.logLevel);
    return {
      url,
      key,
      scopeKey,
      appRole: this.roles().app,
      ...(this.#options.allowOwner ? { allowOwner: true } : {}),
      ...(onStatement ? { onStatement } : {}),
    };
  }

  /**
   * Returns the key from the file that an option names, or the key from a setting if the option is not given. All
   * output hides it.
   *
   * @throws AshlarError `settings-invalid`
   */
  keyFrom(option: string, file: string | undefined, setting?: Secret): string | undefined {
    const key = file === undefined ? setting : this.#keyIn(option, resolve(this.streams.directory, file));
    if (key) this.out.hide(key.reveal());
    return key?.reveal();
  }

  /**
   * Returns the key of the encrypted database; `undefined` if no key is given.
   *
   * @throws AshlarError `settings-invalid`
   */
  databaseKey(): string | undefined {
    return this.keyFrom('--key-file', this.#options.keyFile, this.#known().databaseKey);
  }

  /**
   * Returns the new key for a rotation of the database key; `undefined` if none is given.
   *
   * @throws AshlarError `settings-invalid`
   */
  newDatabaseKey(file: string | undefined): string | undefined {
    return this.keyFrom('--new-key-file', file, this.#known().newDatabaseKey);
  }

  /** Returns the keys that sign scopes: the current one, and that of a rotation. @throws AshlarError `settings-invalid` */
  scopeKeys(newKeyFile?: string): { current: string | undefined; next: string | undefined } {
    const { scopeKey, newScopeKey } = this.#known();
    return {
      current: this.keyFrom('', undefined, scopeKey),
      next: this.keyFrom('--new-key-file', newKeyFile, newScopeKey),
    };
  }

  /** Returns the keys that sign scopes, as far as they are set: each key of a database must be made from one of them. */
  knownScopeKeys(): readonly string[] {
    const { current, next } = this.scopeKeys();
    return [current, next].filter((key) => key !== undefined);
  }

  /**
   * Returns the keys of encrypted columns; `undefined` if none are set. All output hides them.
   *
   * @throws AshlarError `settings-invalid`
   */
  columnKeys(): ColumnKeys | undefined {
    const { columnKeys } = this.#known();
    const texts = columnKeys ? [columnKeys.current, ...(columnKeys.old ?? [])] : [];
    for (const text of texts) this.out.hide(typeof text === 'string' ? text : text.reveal());
    return columnKeys;
  }

  /**
   * Returns the roles that the settings name, or the default roles. `--url` gives one user for both roles.
   *
   * @throws AshlarError `settings-invalid`
   */
  roles(): Roles {
    const known = this.#known();
    const { databaseUrl, databaseMigrateUrl } =
      this.#options.url === undefined ? known : { databaseUrl: undefined, databaseMigrateUrl: undefined };
    return rolesFrom({ ...known, databaseUrl, databaseMigrateUrl });
  }

  /**
   * Returns the keys that sign and verify checkpoints, and the folder of the checkpoints.
   *
   * @throws AshlarError `settings-invalid`
   */
  ledgerKeys(): { signer: Signer | undefined; verifiers: readonly Verifier[]; folder: string } {
    const { ledgerKey, ledgerPublicKeys, ledgerCheckpoints } = this.#known();
    if (ledgerKey) this.out.hide(ledgerKey.reveal());
    const signer = ledgerKey && parsePrivateKey(ledgerKey);
    const others = ledgerPublicKeys.map(parseVerifierKey);
    return {
      signer,
      verifiers: signer ? [signer, ...others] : others,
      folder: resolve(this.streams.directory, ledgerCheckpoints),
    };
  }

  /** Returns the folder, the keys and the keep rules of backups. @throws AshlarError `settings-invalid` */
  backups(dir?: string): { folder: string; keys: BackupKeysGiven; keep: Partial<KeepRules> } {
    const { backupDir, backupKey, backupRecipients, backupKeep } = this.#known();
    if (backupKey) this.out.hide(...backupKey.reveal().split(/\r?\n/));
    return {
      folder: resolve(this.streams.directory, dir ?? backupDir),
      keys: { key: backupKey, recipients: backupRecipients },
      keep: backupKeep,
    };
  }

  /**
   * Opens the database, passes it to `work` and closes it.
   *
   * @param options.system - as in {@link target}
   * @param options.incoming - whether to pass on a database into which a move has not ended
   * @throws AshlarError `database-incoming`, and what opening the database throws
   */
  async withEngine<T>(
    role: Role,
    work: (engine: Engine) => Promise<T>,
    {
      incoming = false,
      system,
      ...options
    }: { create?: boolean; createFolder?: boolean; incoming?: boolean; system?: System } = {},
  ): Promise<T> {
    const engine = await openEngine({ ...(await this.target(role, system)), ...options });
    try {
      if (!incoming) await assertNotIncoming(engine);
      return await work(engine);
    } finally {
      await engine.close();
    }
  }

  /**
   * Opens the database of `owner` as the application too, and passes it to `work`; passes `owner` itself if both have
   * the same URL.
   */
  async alsoAsApp<T>(owner: Engine, system: System, work: (app: Engine) => Promise<T>): Promise<T> {
    const [app, own] = [await this.target('app', system), await this.target('owner', system)];
    return app.url === own.url ? work(owner) : this.withEngine('app', work, { create: false, system });
  }

  async #chosen(): Promise<readonly System[]> {
    const { systems = [] } = await this.#configuration();
    return systems.length === 0 ? [] : this.systems();
  }

  #configuration(): Promise<Config> {
    this.#config ??= readConfig(this.streams.directory, this.#options.config);
    return this.#config;
  }

  #keyIn(option: string, path: string): Secret {
    const key = this.#keyFiles.get(path) ?? readKeyFile(option, path);
    this.#keyFiles.set(path, key);
    return key;
  }

  #environment(): Environment {
    this.#given ??= readEnvironment(this.streams.env, this.streams.directory);
    return this.#given;
  }

  #known(): Settings {
    if (this.#settings) return this.#settings;
    this.#settings = settingsIn(this.#environment());
    for (const warning of this.#settings.warnings ?? [])
      this.out.note(`${this.out.styleNote('yellow', 'warning')} ${warning}`);
    return this.#settings;
  }
}

// a connection looks for names in one place
const guardsOf = (systems: readonly System[]): GuardedPlace | undefined => {
  const [first, ...others] = systems.map(({ guards }) => guards);
  if (others.every((guards) => guards?.own === first?.own && guards?.schema === first?.schema))
    return (
      first && {
        ...first,
        tables: [...new Set(systems.flatMap(({ guards }) => guards?.tables ?? []))],
        ownTables: [...new Set(systems.flatMap(({ guards }) => guards?.ownTables ?? []))],
      }
    );
  throw new AshlarError('usage', {
    message: 'The systems have their objects in several schemas.',
    suggestion: 'Choose one system with --system: a guard is apart from the systems that own their tables.',
  });
};

// the logger is loaded only for the one level at which it writes statements
const statementLog = async (level: LogLevel): Promise<OnStatement | undefined> => {
  if (level !== 'trace') return undefined;
  const { logger, traceStatements } = await import('../settings/log.js');
  return traceStatements(logger(level));
};
