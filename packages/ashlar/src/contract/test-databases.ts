import type { SqlDialect } from './dialect.js';
import type { Engine } from './engine.js';
import type { OpenOptions } from './open-options.js';

/** The content with which test databases begin. */
export interface Template {
  /** Two templates with the same name have the same content. Lower-case hex digits. */
  readonly name: string;
  /** Creates the content in an empty database. */
  fill(engine: Engine): Promise<void>;
}

/** A database that belongs to one test. */
export interface TestPlace {
  /** The URL of the database, with its password. Another connection can open it only if it is a file or on a server. */
  readonly url: string;
  /** The key of an encrypted file. */
  readonly key?: string | undefined;
  /** Opens the database as its owner. */
  open(options: Omit<OpenOptions, 'url' | 'key'>): Promise<Engine>;
  /** Removes the database, after every engine that was opened on it has been closed. */
  remove(): Promise<void>;
}

/** Creates test databases on one engine. */
export interface TestDatabases {
  readonly dialect: SqlDialect;
  /** Creates a database with the content of a template, which this process, or the server, keeps for the next one. */
  create(url: string, template: Template): Promise<TestPlace>;
}
