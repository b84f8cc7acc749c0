/**
 * Why no attack tells a change, by its kind and by what is done to what: the first that matches. Where another barrier was seen to
 * stop the same attacks, that is the reason, and these are not asked. Those of SQLite were read against a run of all changes; those
 * of PostgreSQL have not been read against a run yet.
 */
const reasons: readonly (readonly [RegExp, string])[] = [
  // the same, under another name or for another one
  [
    /^\w+ (?:trigger|key trigger|index|constraint|policy|function) .*: renamed$/,
    'under another name it does the same',
  ],
  [
    /: another owner$/,
    'whose it is decides what that role can do later; the attacks act as the application and as the present owner',
  ],
  [
    /: GRANT .*(?:to another role|to PUBLIC|with the right to pass it on)/,
    'the attacks act as the application and as the owner: another role, and a right that is passed on, they do not try',
  ],
  [
    /: GRANT /,
    'the right is on something that a trigger, a policy or a key refuses all the same, or that no guarantee hides; the attacks go on to try the statement',
  ],
  [/: replica identity$/, 'only what a replica is sent differs'],
  [/: statistics$/, 'a setting of storage: no statement does anything else'],
  [/: unlogged$/, 'the rows are lost in a crash only'],
  [/: not forced$/, 'the owner is a superuser here, whom row-level security binds in no case'],
  [
    /: row-level security$/,
    'the table has no scope: no row is hidden, and where it is switched on no policy admits less than a session may see',
  ],
  [
    /: every trigger is disabled$/,
    'the triggers of the table are those of keys or of Ashlar’s own bookkeeping, and refuse no attack',
  ],
  // what is added
  [
    /^sqlite table .*: another trigger$/,
    'it acts on DELETE, and no attack that has to succeed deletes from this table',
  ],
  [/^sqlite table .*: another column$/, 'no statement of the attacks names or gives it'],
  [/^sqlite table .*: (?:another index|a view)$/, 'it changes no statement that the attacks run'],
  [
    /^\w+ table .*: (?:another (?:index|constraint|column|policy|trigger)|a (?:view|materialized view|view of another schema|publication|child|child of another schema|rule))$/,
    'it is beside the table, or acts on statements that are refused before; the attacks read and write the table itself',
  ],
  [/^\w+ unknown object /, 'nothing that the attacks run calls it'],
  [
    /^\w+ role /,
    'what a role could do is not tried: an attack has the rights that sessions have, and each of them is refused by more than a right',
  ],
  // keys, columns and indexes are no guarantees
  [
    /^sqlite index .*: (?:not unique|of some rows|dropped)$/,
    'the index makes reading fast, or keeps apart rows that no attack writes twice',
  ],
  [
    /^\w+ index .*: (?:not unique|of some rows|not valid|dropped)$/,
    'the index makes reading fast, or keeps the rows of a key apart that no guarantee attacks; `prove --data` finds two rows of a key',
  ],
  [/^\w+ constraint /, 'it keeps wrong values out, which `prove --data` finds; the attacks write valid ones'],
  [/^\w+ key trigger /, 'a foreign key is no guarantee: `prove --data` finds a row without its parent'],
  [/^\w+ column /, 'a column is no guarantee; the attacks give every value that they need'],
  [
    /^sqlite table (?:ashlar_\w+|\w+_ledger_\w+|\w+_purges): (?:no NOT NULL|a CHECK that admits everything|no UNIQUE|no STRICT) \d+$/,
    'triggers refuse each row that Ashlar does not write itself, or the owner alone writes the table and could write any row',
  ],
  [
    /^sqlite table \w+: no NOT NULL \d+$/,
    'the column is part of the key of a STRICT table, which SQLite keeps from NULL all the same, or a trigger refuses NULL in it before',
  ],
  [
    /^sqlite table \w+: a CHECK that admits everything \d+$/,
    'a trigger or a foreign key refuses the same values before: those of a status, a version, a shredded key, a time, or a row that does not exist',
  ],
  [/^sqlite table folders: no STRICT \d+$/, 'the CHECKs of the columns refuse values of other types'],
  [/^sqlite table .*: another default \d+$/, 'a default is a value that the application may give itself'],
  [
    /^sqlite table .*: another action \d+$/,
    'a trigger refuses what the action would do to the row, or another table keeps the parent',
  ],
  [/^\w+ sequence /, 'the next numbers are still free; the attacks take a few'],
  // triggers, policies and functions of which another barrier refuses the same
  [
    /^\w+ trigger .*: ENABLE$/,
    'it fires in every session that is no replica, and an attack is none, or another barrier refuses what a replica tries',
  ],
  [
    /^sqlite trigger (?:clients_status_lifecycle|(?:letters|trail|visits)_retained)_move: /,
    'it acts on a change of a key, and other guarantees of the table refuse each of these',
  ],
  [
    /^sqlite trigger (?:(?:data_keys|dossiers)_audited_delete|(?:letters|visits)_audited_update): /,
    'it records an operation that another guarantee of the table refuses in every case',
  ],
  [
    /^postgres trigger /,
    'another trigger, a right or a policy refuses the same statements, or it keeps a record that a later check reads',
  ],
  [/^\w+ policy /, 'another policy or a right decides the same for the statements of the attacks'],
  [
    /^\w+ function .*: (?:SECURITY DEFINER|SECURITY INVOKER|VOLATILE|STABLE|LEAKPROOF|another setting|no setting|another path|another body)$/,
    'it gives the same result in the sessions of the attacks: they have no operators or settings of their own, and the owner is a superuser',
  ],
  [/^\w+ function /, 'another barrier refuses the same statements, or a later check reads what it records'],
  [
    /^postgres table .*: (?:renamed|dropped|detached)$/,
    'the table is one of Ashlar’s own that no session reads or writes, or a partition without the rows of the attacks',
  ],
  [/^sqlite table /, 'no attack reads or writes this table'],
  [/^sqlite view /, 'no attack reads it'],
];

const byAnother = 'another barrier stops the attacks that this one stopped; it is named below';
const behindAnother =
  'another barrier refuses the same statements before it: where it is made again, so that it comes first, it stops them itself';

/** A mutant that was attacked, as far as a reason depends on it. */
interface Survivor {
  readonly kind: string;
  readonly name: string;
  readonly outcome: string;
  readonly instead?: readonly string[];
}

/**
 * Returns what was found of each mutant. A mutant that no attack detected gets the reason why, if `reasons` has one for it.
 *
 * On SQLite the trigger that was made last comes first. So the mutant that makes a trigger again under another name shows what this
 * trigger refuses, where another one refuses it too.
 *
 * @param evidence - what a whole run of the same dialect found, where this one tried a sample
 */
export function withReasons<T extends Survivor>(
  all: readonly T[],
  dialect: 'sqlite' | 'postgres',
  evidence: readonly Survivor[] = all,
): readonly (T & { readonly reason?: string | undefined })[] {
  const first = new Set(
    dialect === 'postgres'
      ? []
      : evidence
          .filter(
            ({ kind, name, instead = [] }) =>
              kind === 'trigger' && name.endsWith(': renamed') && instead.length > 0,
          )
          .map(({ name }) => name.replace(/: renamed$/, '')),
  );
  return all.map((each) => {
    const { kind, name, outcome, instead = [] } = each;
    if (outcome !== 'silent') return each;
    const known = reasons.find(([of]) => of.test(`${dialect} ${kind} ${name}`))?.[1];
    if (name.endsWith(': renamed')) return { ...each, reason: known, instead: [] };
    if (instead.length > 0) return { ...each, reason: byAnother };
    if (first.has(name.replace(/: [^:]*$/, ''))) return { ...each, reason: behindAnother };
    return { ...each, reason: known };
  });
}
