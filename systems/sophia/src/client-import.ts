import { readFile, stat } from 'node:fs/promises';
import { AshlarError, type Database, everyScope, isAshlarError } from 'ashlar';
import { CsvError, parse } from 'csv-parse/sync';
import { createClient, type NewClient } from './clients.js';
import { type LikelyDuplicate, likelyDuplicates } from './duplicates.js';
import { type Client, clients, dossierFields, type tables } from './tables.js';

/** The longest file of dossiers, in bytes: it is read as a whole. */
const longestFile = 50_000_000;

/** A dossier to import, and where it stands in its source. */
interface Dossier {
  /** The line of a CSV file, or the position in a JSON array, from 1. */
  readonly at: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What became of each dossier of a file. */
export interface ImportedClients {
  readonly created: readonly {
    readonly at: number;
    readonly client: Client;
    /** Clients with similar names that existed before. */
    readonly similar: readonly LikelyDuplicate[];
  }[];
  /** The dossiers that were not created, each with the reason. */
  readonly rejected: readonly { readonly at: number; readonly reason: string }[];
  /** The dossier at which the import ended, because of an error that is not the dossier's, such as a lost connection. */
  readonly stopped?: { readonly at: number; readonly error: AshlarError } | undefined;
}

/** How a file of dossiers is read. */
export interface ClientFile {
  readonly format: 'csv' | 'json';
  /** The actor of the sessions. */
  readonly actor?: string | null | undefined;
}

/**
 * Creates clients from a text: a JSON array of dossiers, or CSV whose header names fields of a dossier. In CSV an empty cell is
 * a field that is not known; a list is a JSON array or is divided by `;`; an object is JSON.
 *
 * Each dossier is a session of its own: those that are refused are reported, and the others stay. So a file can be imported
 * again after it was corrected: clients that exist are refused by their names.
 *
 * @throws AshlarError `input-invalid` when the text as a whole cannot be read, or names an unknown field; nothing was written
 */
export async function importClients(
  db: Database<typeof tables>,
  text: string,
  { format, actor = null }: ClientFile,
): Promise<ImportedClients> {
  const dossiers = format === 'csv' ? fromCsv(text) : fromJson(text);
  const created: ImportedClients['created'][number][] = [];
  const rejected: ImportedClients['rejected'][number][] = [];
  for (const { at, fields } of dossiers) {
    try {
      const made = await db.session({ actor, scope: everyScope }, async (s) => {
        const similar = await likelyDuplicates(s, String(fields.name ?? ''));
        return { at, client: await createClient(s, fields as unknown as NewClient), similar };
      });
      created.push(made);
    } catch (error) {
      // a lost connection, for example: the report of what was created must not be lost with it
      if (!isAshlarError(error) || (error.exitCode !== 1 && created.length + rejected.length === 0))
        throw error;
      if (error.exitCode !== 1) return { created, rejected, stopped: { at, error } };
      const facts = [error.message, error.detail].filter(Boolean).join(' ');
      rejected.push({ at, reason: facts });
    }
  }
  return { created, rejected };
}

/**
 * Reads a file of dossiers and imports it with {@link importClients}. Its format is that of its name: `.json` or CSV.
 *
 * @throws AshlarError `input-invalid` when it cannot be read, and as {@link importClients}
 */
export async function importClientFile(
  db: Database<typeof tables>,
  path: string,
  options: Omit<ClientFile, 'format'> = {},
): Promise<ImportedClients> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > longestFile)
      throw invalid(
        `The file ${path} has ${size} bytes.`,
        `Divide it: at most ${longestFile} bytes are read at once.`,
      );
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    if (isAshlarError(cause)) throw cause;
    const isEncoding = cause instanceof TypeError;
    throw invalid(
      `The file ${path} cannot be read.`,
      isEncoding ? 'Save it in UTF-8.' : 'Check the path.',
      isEncoding ? 'It is not UTF-8.' : (cause as Error).message,
      cause,
    );
  }
  return importClients(db, text, {
    ...options,
    format: path.toLowerCase().endsWith('.json') ? 'json' : 'csv',
  });
}

const invalid = (message: string, suggestion: string, detail?: string, cause?: unknown): AshlarError =>
  new AshlarError('input-invalid', { message, suggestion, detail, cause });

const assertKnown = (names: readonly string[]): void => {
  const unknown = names.find((name) => !(dossierFields as readonly string[]).includes(name));
  if (unknown === undefined) return;
  throw invalid(`"${unknown}" is not a field of a dossier.`, `The fields are ${dossierFields.join(', ')}.`);
};

const fromJson = (text: string): Dossier[] => {
  let given: unknown;
  try {
    given = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw invalid('The text is not JSON.', 'Give an array of dossiers.', (cause as Error).message, cause);
  }
  if (!Array.isArray(given))
    throw invalid('The JSON is not an array.', 'Give an array of dossiers: [{ "name": … }].');
  return given.map((fields: unknown, index) => {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      throw invalid(`Element ${index + 1} is not a dossier.`, 'Each element of the array is an object.');
    assertKnown(Object.keys(fields));
    return { at: index + 1, fields: fields as Dossier['fields'] };
  });
};

const fromCsv = (text: string): Dossier[] => {
  try {
    const records = parse(text, {
      bom: true,
      // of the header: a cell of a file with one column may have a semicolon
      delimiter: /^[^,\r\n]*;[^,\r\n]*(?:[\r\n]|$)/.test(text) ? ';' : ',',
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
      columns: (header: string[]) => {
        const names = header.map((name) => name.trim());
        assertKnown(names);
        if (new Set(names).size < names.length)
          throw invalid('A field is named twice in the header.', 'Name it once.');
        return names;
      },
      info: true,
    }) as unknown as { readonly record: Record<string, string>; readonly info: { readonly lines: number } }[];
    return records.map(({ record, info }) => ({
      // the line on which it begins: its cells may have lines
      at:
        info.lines -
        (Object.values(record)
          .join('')
          .match(/\r\n|\n|\r/g)?.length ?? 0),
      fields: Object.fromEntries(Object.entries(record).map(([name, cell]) => [name, cellValue(name, cell)])),
    }));
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw invalid(
      'The text is not valid CSV.',
      'Correct the line, and import the file again.',
      cause.message,
      cause,
    );
  }
};

// what the text of a cell is in the column; what does not fit is left as it is, for the schema to refuse
const cellValue = (name: string, cell: string): unknown => {
  const text = cell.trim();
  if (text === '') return null;
  const kind = clients.columns[name as keyof typeof clients.columns]?.kind;
  if (kind === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text;
  if (kind !== 'json') return text;
  if (/^[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text.split(';').flatMap((item) => item.trim() || []);
};
