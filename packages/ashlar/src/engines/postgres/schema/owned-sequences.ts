import type { OwnedSequence, SchemaChange, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { change } from './change.js';

/** Returns the statements that create the sequences of a described table, which its defaults name. */
export function sequencesBefore({ sequences = [] }: SchemaTable): readonly string[] {
  return sequences.map(({ definition }) => definition);
}

/** Returns the statement that gives a sequence to its column: it is dropped with it. */
export function ownSql(table: string, { name, column }: OwnedSequence): string {
  return `ALTER SEQUENCE ${identifier(name)} OWNED BY ${identifier(table)}.${identifier(column)}`;
}

/** Returns the statements that give the sequences of a described table to their columns. */
export function sequencesAfter({ name, sequences = [] }: SchemaTable): readonly string[] {
  return sequences.map((sequence) => ownSql(name, sequence));
}

/** The changes of the sequences of a table, by when they run. */
interface SequenceChanges {
  /** Before defaults name them. */
  readonly made: readonly SchemaChange[];
  /** When the columns exist. */
  readonly owned: readonly SchemaChange[];
  /** When no default names them. */
  readonly dropped: readonly SchemaChange[];
}

/**
 * Returns the changes of the sequences of a table that exists before and after. A sequence is dropped with its column, and
 * is handed over where its column becomes an identity.
 */
export function changeSequences(before: SchemaTable, after: SchemaTable): SequenceChanges {
  // an identity takes over the sequence of its column, and gives it back
  const isNumbered = ({ columns }: SchemaTable, { column }: OwnedSequence): boolean =>
    columns.some(({ name, rest }) => name === column && rest.includes('AS IDENTITY'));
  const had = before.sequences ?? [];
  const has = (after.sequences ?? []).filter((sequence) => !isNumbered(before, sequence));
  const named = (list: readonly OwnedSequence[], { name }: OwnedSequence): OwnedSequence | undefined =>
    list.find((each) => each.name === name);
  const drop = (name: string): string => `DROP SEQUENCE IF EXISTS ${identifier(name)}`;
  return {
    made: has.flatMap((sequence) => {
      const was = named(had, sequence);
      if (was?.definition === sequence.definition) return [];
      return [
        change({
          summary: `${after.name}: ${was ? 'change' : 'add'} sequence ${sequence.name}`,
          up: [was ? altered(sequence) : sequence.definition],
          down: [was ? altered(was) : drop(sequence.name)],
        }),
      ];
    }),
    owned: has.flatMap((sequence) => {
      const was = named(had, sequence);
      if (was?.column === sequence.column) return [];
      return [
        change({
          summary: `${after.name}: ${sequence.column} owns sequence ${sequence.name}`,
          up: [ownSql(after.name, sequence)],
          down: [
            was ? ownSql(before.name, was) : `ALTER SEQUENCE ${identifier(sequence.name)} OWNED BY NONE`,
          ],
        }),
      ];
    }),
    dropped: had.flatMap((sequence) => {
      const column = after.columns.find(({ name }) => name === sequence.column);
      if (named(has, sequence) || !column || isNumbered(after, sequence)) return [];
      return [
        change({
          summary: `${after.name}: drop sequence ${sequence.name}`,
          up: [drop(sequence.name)],
          down: [sequence.definition, ownSql(after.name, sequence)],
          danger: `What ${sequence.name} holds is lost.`,
        }),
      ];
    }),
  };
}

const altered = ({ definition }: OwnedSequence): string =>
  definition.replace(/^CREATE/, 'ALTER').replace(/( CYCLE)?$/, (cycle) => cycle || ' NO CYCLE');
