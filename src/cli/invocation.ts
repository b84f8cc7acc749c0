import type { Engine, OpenOptions } from '../engines/engine.js';
import { openEngine } from '../engines/open.js';
import { AshlarError } from '../errors.js';
import { logger, traceStatements } from '../log.js';
import { type Roles, rolesFrom } from '../roles/index.js';
import { readKeyFile, type Settings, settings, withSchema } from '../settings/index.js';
import { passwordsOf } from '../settings/redact.js';
import type { System } from '../system.js';
import { type Config, readConfig } from './config.js';
import type { Output } from './output.js';
import type { Streams } from './streams.js';
import { chooseSystems } from './systems.js';

/** The options that every command takes. */
export interface GlobalOptions {
  readonly system?: readonly string[];
  readonly url?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly keyFile?: string;
  readonly allowOwner?: boolean;
}

/** Who a database is opened for: the owner of the schema, or the application. */
export type Role = 'owner' | 'app';

/** One run of a command: its options, settings, systems and output. */
export class Invocation {
  readonly out: Output;
  readonly streams: Streams;
  readonly #options: GlobalOptions;
  #config: Promise<Config> | undefined;
  #settings: Settings | undefined;

  constructor(streams: Streams, out: Output, options: GlobalOptions) {
    this.streams = streams;
    this.out = out;
    this.#options = options;
  }

  /** @throws AshlarError `usage`, `system-unknown`, `config-invalid` */
  async systems(): Promise<System[]> {
    return chooseSystems(this.#options.system ?? [], await this.#configuration());
  }

  /** For commands that are about one system. @throws AshlarError `usage` when there are several */
  async system(): Promise<System> {
    const [first, ...others] = await this.systems();
    if (first && others.length === 0) return first;
    throw new AshlarError('usage', {
      message: 'This command is about one system.',
      suggestion: 'Name it with --system.',
    });
  }

  /** How to open the database. @throws AshlarError `usage` when none is named, `settings-invalid`, `config-invalid` */
  async target(role: Role): Promise<OpenOptions> {
    const known = this.#known();
    const fromSettings = role === 'owner' ? known.databaseMigrateUrl : known.databaseUrl;
    const plain = this.#options.url ?? fromSettings?.reveal() ?? (await this.#configuration()).url;
    if (plain === undefined) {
      throw new AshlarError('usage', {
        message: 'No database was named.',
        suggestion: 'Give --url sqlite:PATH (or sqlcipher:, pglite:, postgres://), or set DATABASE_URL.',
      });
    }
    const url = withSchema(plain, known.databaseSchema);
    const { keyFile } = this.#options;
    const key = keyFile === undefined ? known.databaseKey : readKeyFile('--key-file', keyFile);
    this.out.hide(...passwordsOf(url), ...(key ? [key.reveal()] : []));
    const onStatement = traceStatements(logger(known.logLevel));
    return {
      url,
      key: key?.reveal(),
      appRole: this.roles().app,
      ...(this.#options.allowOwner ? { allowOwner: true } : {}),
      ...(onStatement ? { onStatement } : {}),
    };
  }

  /** Whose rights these are about. `--url` names one user, who does both. @throws AshlarError `settings-invalid` */
  roles(): Roles {
    const known = this.#known();
    const { databaseUrl, databaseMigrateUrl } =
      this.#options.url === undefined ? known : { databaseUrl: undefined, databaseMigrateUrl: undefined };
    return rolesFrom({ ...known, databaseUrl, databaseMigrateUrl });
  }

  /** Opens the database, gives it to `work` and closes it. */
  async withEngine<T>(
    role: Role,
    work: (engine: Engine) => Promise<T>,
    options: { create?: boolean } = {},
  ): Promise<T> {
    const engine = await openEngine({ ...(await this.target(role)), ...options });
    try {
      return await work(engine);
    } finally {
      await engine.close();
    }
  }

  /** The same database as the application sees it: opened besides, or `owner` itself where there is one URL. */
  async alsoAsApp<T>(owner: Engine, work: (app: Engine) => Promise<T>): Promise<T> {
    const [app, own] = [await this.target('app'), await this.target('owner')];
    return app.url === own.url ? work(owner) : this.withEngine('app', work, { create: false });
  }

  #configuration(): Promise<Config> {
    this.#config ??= readConfig(this.streams.directory, this.#options.config);
    return this.#config;
  }

  #known(): Settings {
    this.#settings ??= settings(this.streams.env, this.streams.directory);
    return this.#settings;
  }
}
