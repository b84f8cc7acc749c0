import type { SqlStatement } from '../sql/statements.js';
import { Reader } from './reader.js';
import type { StepBody } from './steps.js';

/** How many names a line of a summary lists before it counts the rest. */
const mostNames = 6;

/** Says in a few lines what one direction of a step does: a line for each kind of statement, with the names. */
export function summaryOf(body: StepBody): readonly string[] {
  if (body.kind === 'code') return [`runs ${body.file}`];
  const groups = new Map<string, string[]>();
  for (const statement of body.statements) {
    const [verb, name] = verbOf(statement);
    groups.set(verb, [...(groups.get(verb) ?? []), ...(name === '' ? [] : [name])]);
  }
  return [...groups].map(([verb, found]) => line(verb, [...new Set(found)]));
}

const line = (verb: string, found: readonly string[]): string => {
  const shown = found.slice(0, mostNames).join(', ');
  const more = found.length > mostNames ? ` and ${found.length - mostNames} more` : '';
  return shown === '' ? verb : `${verb} ${shown}${more}`;
};

const kinds = [
  ...['TABLE', 'INDEX', 'VIEW', 'TRIGGER', 'FUNCTION', 'PROCEDURE', 'POLICY', 'TYPE', 'DOMAIN', 'SEQUENCE'],
];
const between = ['OR', 'REPLACE', 'UNIQUE', 'UNLOGGED', 'TEMP', 'TEMPORARY', 'CONSTRAINT', 'MATERIALIZED'];

const verbOf = ({ tokens }: SqlStatement): readonly [verb: string, name: string] => {
  const statement = new Reader(tokens);
  const first = tokens[0]?.word.toLowerCase() ?? '';
  if (['create', 'alter', 'drop'].includes(first)) {
    statement.skip();
    while (between.some((word) => statement.take(word)));
    const kind = kinds.find((each) => statement.take(each));
    if (kind !== undefined) {
      statement.take('CONCURRENTLY');
      return [`${first} ${kind.toLowerCase()}`, statement.table()];
    }
  }
  if (statement.take('INSERT', 'INTO')) return ['insert into', statement.table()];
  if (statement.take('DELETE', 'FROM')) return ['delete from', statement.table()];
  if (statement.take('UPDATE')) return ['update', statement.table()];
  return [first, ''];
};
