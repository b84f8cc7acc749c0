import Table from 'cli-table3';
import type { Output } from './output.js';

type Cell = string | number;

/** Prints a table on standard output; prints nothing if `--json` is given. Columns of numbers are right-aligned. */
export function printTable(out: Output, head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const table = new Table({
    head: head.map((title) => out.style('bold', title)),
    colAligns: head.map((_, at) => (rows.every((row) => isFigure(row[at])) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: noBorder,
  });
  table.push(...rows.map((row) => [...row]));
  for (const line of table.toString().split('\n')) out.line(line.trimEnd());
}

const isFigure = (cell: Cell | undefined): boolean =>
  typeof cell === 'number' || /^(-?[$\d.,%]+|–|)$/.test(cell ?? '');

const noBorder = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((name) => [name, '']),
);
