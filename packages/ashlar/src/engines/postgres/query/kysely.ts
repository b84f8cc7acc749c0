import { PostgresAdapter, PostgresQueryCompiler } from 'kysely';
import type { KyselyOfEngine } from '../../../contract/engine.js';
import { postgresAnswers } from './answers.js';

/** The adapter, the compiler and the answers with which Kysely builds SQL for PostgreSQL. */
export const kyselyOfPostgres: KyselyOfEngine = {
  adapter: () => new PostgresAdapter(),
  compiler: () => new PostgresQueryCompiler(),
  answers: postgresAnswers,
};
