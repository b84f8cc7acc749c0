import { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import type { Channel } from '../wire/channel.js';
import { decodeRows, storedForm } from '../wire/decode.js';

const hasSchema = async (channel: Channel, schema: string): Promise<boolean> => {
  const found = await channel.send({
    text: 'SELECT 1 FROM pg_namespace WHERE nspname = $1',
    values: [schema],
  });
  return decodeRows(found, storedForm).length > 0;
};

/** Creates a schema that does not exist. */
export async function ensureSchema(channel: Channel, schema: string): Promise<void> {
  // CREATE SCHEMA IF NOT EXISTS needs the privilege even if the schema exists
  if (!(await hasSchema(channel, schema)))
    await channel.send({ text: `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}` });
}

/** Throws if a schema does not exist. @throws AshlarError `database-missing` */
export async function assertSchema(channel: Channel, schema: string): Promise<void> {
  if (await hasSchema(channel, schema)) return;
  throw new AshlarError('database-missing', {
    message: `The schema ${schema} does not exist in this database.`,
    suggestion: 'Create the schema with `ashlar up`.',
  });
}
