import { readCode } from '../../../sql/code.js';
import type { DriverDatabase } from '../driver/driver.js';
import { calling, harmless } from './opcodes.js';

/** A table or an index that a statement opens, by the number of its first page. */
export interface Opened {
  /** The database on the connection: 0 is `main`, 1 is `temp`. */
  readonly database: number;
  readonly root: number;
  readonly writes: boolean;
}

/** What a statement does itself, without its triggers, as SQLite has compiled it. */
export interface Program {
  readonly opened: readonly Opened[];
  /** The names of the functions that it calls, in lower case. */
  readonly functions: ReadonlySet<string>;
  /** The virtual tables that it reads, as SQLite writes their addresses. */
  readonly virtualTables: ReadonlySet<string>;
  /** The first instruction that no statement of a session may have. */
  readonly refused: string | undefined;
}

type Instruction = [
  addr: number,
  opcode: string,
  p1: number,
  p2: number,
  p3: number,
  p4: string | null,
  p5: number,
];

// OPFLAG_P2ISREG: the page is known only when the statement runs
const pageInRegister = 0x10;

/**
 * Compiles a statement with EXPLAIN, which runs nothing of it, and reads what it would do. The programs of triggers and of
 * foreign keys' actions come after that of the statement; the schema defines them, and not the session.
 *
 * @param text - the statement, without an EXPLAIN of its own
 * @throws the driver's errors
 */
export function programOf(database: DriverDatabase, text: string): Program {
  const rows = database.prepare(`EXPLAIN ${text}`).raw(true).iterate(unbound(text));
  const opened: Opened[] = [];
  const functions = new Set<string>();
  const virtualTables = new Set<string>();
  let refused: string | undefined;
  let next = 0;
  for (const row of rows) {
    const [addr, opcode, p1, p2, p3, p4, p5] = row as Instruction;
    // the addresses of the next program begin at 0 again
    if (addr !== next++) break;
    if (harmless.has(opcode)) continue;
    if (calling.has(opcode) && p4 !== null) functions.add(p4.replace(/\(-?\d+\)$/, '').toLowerCase());
    else if (opcode === 'VOpen' && p4 !== null) virtualTables.add(p4);
    else if (opcode === 'Clear') opened.push({ database: p2, root: p1, writes: true });
    else if (/^(OpenRead|ReopenIdx|OpenWrite)$/.test(opcode) && (p5 & pageInRegister) === 0)
      opened.push({ database: p3, root: p2, writes: opcode === 'OpenWrite' });
    else refused ??= opcode;
  }
  return { opened, functions, virtualTables, refused };
}

// the driver runs no statement without values for its parameters
const unbound = (text: string): null[] => {
  const nulls: null[] = [];
  for (const token of readCode(text, 'sqlite'))
    if (token.kind === 'parameter' && token.text === '?') nulls.push(null);
  return nulls;
};
