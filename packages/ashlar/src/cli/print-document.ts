import type { Output } from './output.js';
import { printTable } from './print-table.js';

type Cell = string | number;

/** Prints a document as text: a list of objects as a table, an object as lines, any other value as JSON. */
export function printDocument(out: Output, document: unknown): void {
  if (Array.isArray(document)) printList(out, document);
  else if (isRecord(document)) printRecord(out, document);
  else if (document !== undefined && document !== null) out.line(cellOf(document).toString());
}

function printList(out: Output, list: readonly unknown[]): void {
  if (list.length === 0) out.line('nothing found');
  else if (list.every(isRecord)) {
    const head = [...new Set(list.flatMap((row) => Object.keys(row)))];
    printTable(
      out,
      head,
      list.map((row) => head.map((name) => cellOf(row[name]))),
    );
  } else for (const one of list) out.line(cellOf(one).toString());
}

function printRecord(out: Output, record: Readonly<Record<string, unknown>>): void {
  const width = Math.max(0, ...Object.keys(record).map((name) => name.length));
  for (const [name, value] of Object.entries(record)) {
    if (Array.isArray(value) && value.length > 0 && value.every(isRecord)) {
      out.line(`${name}:`);
      printList(out, value);
    } else out.line(`${name.padEnd(width)}  ${cellOf(value)}`);
  }
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number' || typeof value === 'string') return value;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
