import type { Catalogue } from '../contract/catalogue.js';
import type { Schema } from '../contract/schema.js';
import type { Ownership } from './ownership/ownership.js';

/** What a list of steps makes of an empty database, as a whole. */
export interface StepsState extends SchemaState {
  readonly catalogue: Catalogue;
}

/** What a list of steps makes of an empty database: its schema, and who made its objects. */
export interface SchemaState {
  readonly schema: Schema;
  readonly ownership: Ownership;
  /** The views, triggers and virtual tables that do not work. */
  readonly broken: readonly string[];
}
