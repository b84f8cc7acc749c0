import type { DataCheck, DataContext } from '../../contract/data-check.js';
import type { TableFacts } from '../../contract/table.js';
import { envelopeForm } from '../../model/envelope-form.js';
import { identifier } from '../../model/index.js';

/** Finds values of encrypted columns that no data key of their scope can have encrypted, and blind indexes without a value. */
export function encryptedData({ facts }: TableFacts, { dialect }: DataContext): readonly DataCheck[] {
  const { encryption } = facts;
  if (!encryption) return [];
  const { columns, keys, blindIndexes } = encryption;
  const scope = `CAST(t.${identifier(encryption.scope)} AS text)`;
  const hex = (bytes: string): string =>
    dialect === 'sqlite' ? `hex(${bytes})` : `upper(encode(${bytes}, 'hex'))`;
  const version =
    dialect === 'sqlite' ? "printf('%08X', key.version)" : "lpad(upper(to_hex(key.version)), 8, '0')";
  const first = envelopeForm.firstByte.toString(16).padStart(2, '0').toUpperCase();
  return [
    ...columns.flatMap(({ name }) => {
      const value = `t.${identifier(name)}`;
      const isEnvelope = `length(${value}) >= ${envelopeForm.minBytes} AND ${hex(`substr(${value}, 1, 1)`)} = '${first}'`;
      return [
        { what: `has no valid ciphertext in ${name}`, bad: `${value} IS NOT NULL AND NOT (${isEnvelope})` },
        {
          what: `has a ciphertext in ${name} under no data key of its scope in ${keys.name}`,
          bad: `${value} IS NOT NULL AND ${isEnvelope} AND NOT EXISTS (SELECT 1 FROM ${identifier(keys.name)} AS key WHERE key.scope = ${scope} AND ${version} = ${hex(`substr(${value}, 2, 4)`)})`,
        },
      ];
    }),
    ...blindIndexes.map(({ of, into }) => ({
      what: `has ${into.name} without ${of.name}, or the reverse`,
      bad: `(t.${identifier(of.name)} IS NULL) <> (t.${identifier(into.name)} IS NULL)`,
    })),
  ];
}
