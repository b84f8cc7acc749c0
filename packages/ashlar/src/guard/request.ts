import { AshlarError } from '../errors.js';

/** The guarantees that a request can name, and whether each is over a column. */
const known = {
  audited: { overColumn: false },
  'append-only': { overColumn: false },
  ledgered: { overColumn: false },
  scoped: { overColumn: true },
  acyclic: { overColumn: true },
  lifecycle: { overColumn: true },
  retained: { overColumn: true },
} as const;

/** How a request names each guarantee, for a message. */
export const guaranteeForms = Object.entries(known)
  .map(([name, { overColumn }]) => (overColumn ? `${name}=COLUMN` : name))
  .join(', ');

/** A guarantee, by the name that a request gives it. */
export type RequestedName = keyof typeof known;

/** A guarantee that is asked for a table of another tool. */
export interface RequestedGuarantee {
  readonly name: RequestedName;
  /** The column that it is over, as the tool's table names it. */
  readonly column: string | undefined;
}

/** A table of another tool, and the guarantees that are asked for it. */
export interface GuardRequest {
  readonly table: string;
  readonly guarantees: readonly RequestedGuarantee[];
}

/**
 * Reads a request as the command line has it: `orders:audited,scoped=org_id`.
 *
 * @throws AshlarError `usage`
 */
export function readRequest(text: string): GuardRequest {
  const at = text.lastIndexOf(':');
  const table = at < 0 ? text : text.slice(0, at);
  const names = at < 0 ? [] : text.slice(at + 1).split(',');
  if (table === '' || names.length === 0) throw invalid(text, 'it names no guarantee');
  const guarantees = names.map((each) => guaranteeIn(text, each.trim()));
  const asked = new Set(guarantees.map(({ name }) => name));
  if (asked.size < guarantees.length) throw invalid(text, 'it names a guarantee twice');
  if (asked.has('ledgered') && !asked.has('append-only'))
    throw invalid(text, 'a ledger needs a table that is append-only: append-only,ledgered');
  return { table, guarantees };
}

const isKnown = (name: string): name is RequestedName => Object.hasOwn(known, name);

const guaranteeIn = (text: string, given: string): RequestedGuarantee => {
  const [, name = '', column] = /^([^=]*)(?:=(.*))?$/s.exec(given) ?? [];
  if (!isKnown(name)) throw invalid(text, `there is no guarantee ${JSON.stringify(name)} for such a table`);
  const { overColumn } = known[name];
  if (overColumn && !column) throw invalid(text, `${name} needs a column: ${name}=COLUMN`);
  if (!overColumn && column !== undefined) throw invalid(text, `${name} is over no column`);
  return { name, column };
};

const invalid = (text: string, why: string): AshlarError =>
  new AshlarError('usage', {
    message: `${JSON.stringify(text)} is no table with its guarantees: ${why}.`,
    suggestion: `Write TABLE:GUARANTEE,…: orders:audited,scoped=org_id events:append-only,ledgered. Guarantees: ${guaranteeForms}.`,
  });
