import { foldedName } from '../model/names.js';

// words of TypeScript, and what the file of tables imports
const taken = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for function if implements import in instanceof interface let new null package private protected public return
  static super switch this throw true try typeof var void while with yield undefined
  array autoincrement bigint bytes column decimal external guard index inet json native now primaryKey references system table timestamp unique z c`
    .split(/\s+/)
    .filter(Boolean),
);

/** Returns a name in the form of a TypeScript identifier: `Order Details` → `orderDetails`. */
export function camelName(text: string): string {
  const words = text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map((word) => word.toLowerCase());
  const [first = 'value', ...rest] = words;
  const name = first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^\d/.test(name) ? `_${name}` : name;
}

/** Returns names that are free: the wanted one, else with a number behind it. */
export class FreeNames {
  readonly #used = new Set<string>();

  take(wanted: string, when: 'variable' | 'property'): string {
    const start = when === 'variable' && taken.has(wanted) ? `${wanted}Table` : wanted;
    let name = start;
    for (let at = 2; this.#used.has(foldedName(name)); at++) name = `${start}${at}`;
    this.#used.add(foldedName(name));
    return name;
  }
}
