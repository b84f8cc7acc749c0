import type { ObjectSql } from '../contract/objects.js';
import type { Schema, SchemaChange } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import { identifier } from '../model/index.js';
import { folded } from '../sql/code.js';
import { type SqlStatement, splitStatements, withoutHeader } from '../sql/statements.js';
import { alteredForm, formOf, type OmittedForm } from './omitted-form.js';
import { objectKey, objectsOf } from './ownership/keys.js';
import { Reader } from './reader.js';
import type { SqlBody } from './steps.js';

/** An object that steps make and that shadow databases are made without. */
export interface OmittedObject {
  /** As the directive `omits` names it: `extension postgis`. */
  readonly key: string;
  /** The statement that makes it. */
  readonly sql: string;
  /** What the statements say of it, one for each function of the name. */
  readonly forms: readonly OmittedForm[];
  /** Whether a generated step makes it, so that a later one may drop it. */
  readonly isGenerated: boolean;
}

/** The objects that steps make and that shadow databases are made without, by their keys. */
export type OmittedObjects = ReadonlyMap<string, OmittedObject>;

const types: readonly (readonly string[])[] = [
  ['MATERIALIZED', 'VIEW'],
  ['VIRTUAL', 'TABLE'],
  ...'EXTENSION TABLE INDEX VIEW FUNCTION PROCEDURE TRIGGER POLICY TYPE DOMAIN SEQUENCE STATISTICS RULE'
    .split(' ')
    .map((word) => [word]),
];

const verbs = ['CREATE', 'DROP', 'ALTER', 'COMMENT', 'INSERT', 'UPDATE', 'DELETE'] as const;

interface Subject {
  readonly verb: (typeof verbs)[number];
  readonly key: string;
}

/** The object that a statement makes, changes or drops, or whose rows it changes. */
const subjectOf = ({ tokens }: Pick<SqlStatement, 'tokens'>): Subject | undefined => {
  const statement = new Reader(tokens);
  const verb = verbs.find((word) => statement.take(word));
  if (!verb) return undefined;
  if (verb === 'INSERT' || verb === 'UPDATE' || verb === 'DELETE') {
    if (!statement.take('INTO')) statement.take('FROM');
    return { verb, key: objectKey('table', statement.table()) };
  }
  if (statement.take('OR')) statement.take('REPLACE');
  for (const word of ['ON', 'UNIQUE', 'CONSTRAINT', 'RECURSIVE', 'UNLOGGED']) statement.take(word);
  const type = types.find((words) => statement.take(...words));
  if (!type) return undefined;
  statement.take('CONCURRENTLY');
  const kind = type[0] === 'PROCEDURE' ? 'function' : type.join(' ').toLowerCase();
  return { verb, key: objectKey(kind, statement.table()) };
};

/** The statements of a body that a shadow database runs: all but those about objects that it is made without. */
export function withoutOmitted(body: SqlBody): SqlBody {
  if (body.omits.length === 0) return body;
  const omits = new Set(body.omits);
  return {
    ...body,
    statements: body.statements.filter((statement) => !omits.has(subjectOf(statement)?.key ?? '')),
  };
}

/** Returns which such objects exist after a step. */
export function omittedAfter(before: OmittedObjects, body: SqlBody): OmittedObjects {
  const after = new Map(before);
  const omits = new Set(body.omits);
  for (const statement of body.statements) {
    const subject = subjectOf(statement);
    if (!subject || !omits.has(subject.key)) continue;
    const { verb, key } = subject;
    const known = after.get(key);
    if (verb === 'CREATE') {
      const form = formOf(statement);
      // one name may have functions of other arguments
      const others =
        known?.forms.filter(({ signature }) => isFunction(key) && signature !== form.signature) ?? [];
      const isGenerated = body.ownership !== undefined;
      after.set(key, { key, sql: withoutHeader(statement), forms: [...others, form], isGenerated });
    } else if (verb === 'ALTER' && known) {
      const altered = known.forms.map((form) => alteredForm(form, statement));
      after.set(key, { ...known, forms: altered });
    } else if (verb === 'DROP') after.delete(key);
  }
  return after;
}

const isFunction = (key: string): boolean => key.startsWith('function ');

const keyOf = ({ type, name }: Pick<ObjectSql, 'type' | 'name'>): string => objectKey(type, name);

/** The changes of such objects, around those of the schema. */
export interface OmittedChanges {
  readonly first: readonly SchemaChange[];
  readonly last: readonly SchemaChange[];
  /** The keys of the objects that change. */
  readonly keys: readonly string[];
}

/**
 * Returns the changes that make and drop the objects which shadow databases are made without, by the text of their
 * statements. An object that no generated step made is never dropped.
 *
 * @param declared - all objects that the system declares
 */
export function changesOfOmitted(
  dialect: SqlName,
  before: OmittedObjects,
  declared: readonly ObjectSql[],
): OmittedChanges {
  const wanted = declared.filter(({ omitted }) => omitted === true);
  const text = (sql: string): string => folded(sql, dialect);
  const isMade = (object: ObjectSql): boolean => {
    const made = before.get(keyOf(object));
    return made !== undefined && text(made.sql) === text(object.sql);
  };
  const made = wanted.filter((object) => !isMade(object));
  const gone = [...before.values()].filter(
    ({ key, isGenerated }) =>
      made.some((object) => keyOf(object) === key) ||
      (isGenerated && !wanted.some((object) => keyOf(object) === key)),
  );
  const create = ({ sql, ...object }: ObjectSql): SchemaChange =>
    omittedChange(`create ${keyOf(object)}`, sql, dropSql(sql, dialect));
  const drop = ({ key, sql }: OmittedObject): SchemaChange => ({
    ...omittedChange(`drop ${key}`, dropSql(sql, dialect), sql),
    danger: holdsRows.some((type) => key.startsWith(type)) ? `What ${key} holds is lost.` : undefined,
  });
  const isExtension = ({ key }: OmittedObject): boolean => key.startsWith('extension ');
  return {
    first: [
      ...gone
        .filter((each) => !isExtension(each))
        .toReversed()
        .map(drop),
      ...made.filter(({ before: isBefore }) => isBefore).map(create),
    ],
    last: [
      ...made.filter(({ before: isBefore }) => !isBefore).map(create),
      ...gone.filter(isExtension).toReversed().map(drop),
    ],
    keys: [...new Set([...gone.map(({ key }) => key), ...made.map(keyOf)])],
  };
}

const holdsRows = ['table ', 'virtual table ', 'sequence '];

const omittedChange = (summary: string, up: string, down: string): SchemaChange => ({
  summary: `${summary}, which no shadow has`,
  up: [up],
  down: [down],
  danger: undefined,
  rebuild: [],
});

const ofTable = ['trigger', 'policy', 'rule'];

/** The statement that drops what a CREATE statement makes. */
const dropSql = (sql: string, dialect: SqlName): string => {
  const [statement] = splitStatements(sql, dialect);
  const key = statement && subjectOf(statement)?.key;
  if (!statement || key === undefined) return '';
  const at = key.lastIndexOf(' ');
  const [type, name] = [key.slice(0, at), key.slice(at + 1)];
  const rest = new Reader(statement.tokens);
  // CREATE RULE … AS ON INSERT TO table
  const isOn = ofTable.includes(type) && rest.skipTo(...(type === 'rule' ? ['TO'] : ['ON']));
  const on = isOn && dialect === 'postgres' ? ` ON ${identifier(rest.table())}` : '';
  const kind = type === 'function' ? 'ROUTINE' : type === 'virtual table' ? 'TABLE' : type.toUpperCase();
  return `DROP ${kind} ${name}${on}`;
};

/** The objects that steps make and that a database does not have, as the changes that lead from the steps to it. */
export function missingOmitted(
  omitted: OmittedObjects,
  real: Schema,
  others: readonly Readonly<Record<string, unknown>>[],
): readonly string[] {
  const withoutArguments = (name: string): string => name.replace(/\(.*$/s, '');
  const found = new Set([
    ...objectsOf(real).map(({ type, name }) => objectKey(type, withoutArguments(name))),
    ...others.map(({ type, name }) => objectKey(String(type), String(name))),
  ]);
  return [...omitted.keys()].filter((key) => !found.has(key)).map((key) => `drop ${key}`);
}
