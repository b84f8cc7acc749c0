import type { TrailChange } from '../audit/query-trail.js';
import type { Output } from './output.js';
import { visible } from './visible.js';

const verbs = { insert: 'inserted', update: 'updated', delete: 'deleted' } as const;
const colours = { insert: 'green', update: 'yellow', delete: 'red' } as const;

/** Prints one change of an audit trail: when, who and which row, then each column from → to. */
export function printChange(out: Output, change: TrailChange): void {
  const { at, actor, scope, role, table, operation, row_key, before, after, unseen } = change;
  const verb = out.style(colours[operation], verbs[operation]);
  const key = Object.values(row_key).map(shown).join(', ');
  const within = scope === null || scope === '*' ? '' : ` · scope ${visible(scope)}`;
  const who = actor === null ? 'no actor' : visible(actor);
  out.line(`${at}  ${who} (${role}) ${verb} ${out.style('bold', table)} ${key}${within}`);
  const names = changedColumns(before, after).filter((name) => !(name in row_key) || operation === 'update');
  const width = Math.max(0, ...names.map((name) => name.length));
  for (const name of names) out.line(`    ${name.padEnd(width)}  ${valueText(name, change)}`);
  if (unseen.length > 0)
    out.line(`    changed columns whose values the trail does not record: ${unseen.join(', ')}`);
}

function changedColumns(before: TrailChange['before'], after: TrailChange['after']): readonly string[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (!before || !after) return names;
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function valueText(name: string, { operation, before, after }: TrailChange): string {
  if (operation === 'insert') return shown(after?.[name]);
  if (operation === 'delete') return shown(before?.[name]);
  return `${shown(before?.[name])} → ${shown(after?.[name])}`;
}

/** Longer values are cut: `--json` has them whole. */
const longest = 80;

function shown(value: unknown): string {
  if (value === null || value === undefined) return '–';
  const text = typeof value === 'string' ? value.replaceAll(/\s+/g, ' ') : JSON.stringify(value);
  return visible(text.length > longest ? `${text.slice(0, longest - 1)}…` : text);
}
