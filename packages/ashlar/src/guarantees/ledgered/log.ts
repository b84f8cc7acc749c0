import type { Guarantee, Table } from '../../model/index.js';

/** The guarantee, and the name of its log where it was given one. */
export interface LedgeredGuarantee extends Guarantee {
  readonly log: string | undefined;
}

/** The name of a table's log; `undefined` where the table is no ledger. */
export const logOf = (table: Table): string | undefined => {
  const guarantee = table.guarantees.find(({ name }) => name === 'ledgered') as LedgeredGuarantee | undefined;
  return guarantee && (guarantee.log ?? table.name);
};
