import type { AdoptionSql, DeclaredType, FoundType } from '../../../contract/adoption.js';
import type { StoredForm } from '../../../contract/column.js';
import { mostScaledDigits } from '../../../model/index.js';
import { codeOf, depths, line, nameOf } from '../../../sql/code.js';
import { fit, measures } from './fit-values.js';
import { foreignForm, isStrict, keptType } from './foreign-form.js';
import { storedForm } from './stored-form.js';

// https://sqlite.org/datatype3.html#determination_of_column_affinity, after names that say more than an affinity
const byName: readonly (readonly [RegExp, DeclaredType])[] = [
  [/BOOL/, { as: 'boolean' }],
  [/^UUID$/, { as: 'uuid' }],
  [/^JSONB?$/, { as: 'json' }],
  [/^DATE$/, { as: 'date' }],
  [/INT/, { as: 'integer' }],
  [/CHAR|CLOB|TEXT/, { as: 'text' }],
  [/BLOB/, { as: 'bytes' }],
  [/REAL|FLOA|DOUB/, { as: 'real' }],
];

const ofStrict = ({ kind, precision, digits, element }: StoredForm): DeclaredType => {
  if (kind === 'decimal') return { as: 'decimal', total: digits?.total ?? 1, scale: digits?.scale ?? 0 };
  if (element) return { as: 'array', element: ofStrict({ ...element, encrypted: false }) };
  if (kind === 'array') return { as: 'json' };
  return kind === 'timestamp' ? { as: kind, precision } : { as: kind };
};

const typeOf: AdoptionSql['typeOf'] = (_schema, table, column, isOnlyKey): FoundType => {
  const type = column.type.toUpperCase();
  const rest = column.rest.toUpperCase();
  if (/\bAS \(/.test(rest)) return { reason: 'computed' };
  // a rowid: SQLite numbers a row that lacks it
  if (isOnlyKey && type === 'INTEGER' && !/\bWITHOUT ROWID\b/i.test(table.options))
    return { type: { as: 'autoincrement' } };
  const form = isStrict(table) ? storedForm(table, column) : undefined;
  if (form) return { type: ofStrict(form) };
  const [, total, scale] = /^(?:NUMERIC|DECIMAL|NUMBER|DEC) ?\((\d+), ?(\d+)\)$/.exec(type) ?? [];
  if (total !== undefined && Number(total) <= mostScaledDigits && Number(scale) <= Number(total))
    return { type: { as: 'decimal', total: Number(total), scale: Number(scale) } };
  if (/^(DATETIME|TIMESTAMP)/.test(type))
    return { type: { as: 'timestamp', precision: 3 }, mark: 'time-without-zone' };
  if (/\bCOLLATE (?!"?BINARY\b)/.test(rest)) return { reason: 'type-folds-case' };
  const found = byName.find(([name]) => name.test(type))?.[1];
  const [, length] = /\((\d+)\)$/.exec(type) ?? [];
  if (found?.as === 'text' && length !== undefined)
    return { type: { as: 'text', maxLength: Number(length) } };
  if (found) return { type: found };
  return {
    reason: /^(NUMERIC|DECIMAL|NUMBER|MONEY|DEC)\b/.test(type) ? 'type-without-digits' : 'type-unknown',
  };
};

const columnChecks: AdoptionSql['columnChecks'] = (table) =>
  // Ashlar makes STRICT tables only, whose CHECKs are those of its declarations
  (isStrict(table) ? [] : table.columns).flatMap(({ rest }) => {
    const tokens = codeOf(rest, 'sqlite');
    const depth = depths(tokens);
    return tokens.flatMap(({ word }, at) => {
      if (word !== 'CHECK' || depth[at] !== 0) return [];
      const close = tokens.findIndex(({ text }, place) => place > at && text === ')' && depth[place] === 0);
      const definition = line(tokens.slice(at, close + 1));
      const name = tokens[at - 1];
      const isNamed = tokens[at - 2]?.word === 'CONSTRAINT' && name !== undefined;
      return [{ name: isNamed ? nameOf(name) : definition, definition }];
    });
  });

/** How columns of other programs are declared; SQLite keeps every object as the text that the description has. */
export const adoption: AdoptionSql = {
  typeOf,
  foreignForm,
  keptType,
  columnChecks,
  measures,
  fit,
  unseen: `SELECT 'table' AS type, name FROM sqlite_schema WHERE false`,
  namesKeys: false,
};
