import type { DotEnv } from './dot-env.js';
import { isNear } from './near.js';

/** The names of settings, and where their values come from. */
export interface GivenSettings {
  /** The names of Ashlar's settings. */
  readonly known: readonly string[];
  /** The variables of the environment and of `.env` together. */
  readonly variables: NodeJS.Dict<string>;
  readonly dotEnv: DotEnv;
}

/**
 * Finds settings that are probably not what their author meant: a name that is nearly one of Ashlar's, which is not set; and a
 * value in `.env` that ends before a `#`. Names no value.
 *
 * @returns one sentence for each
 */
export function settingWarnings({ known, variables, dotEnv }: GivenSettings): readonly string[] {
  const lines = new Map(dotEnv.lines.map((one) => [one.name, one]));
  const names = new Set(known);
  const nearMisses = Object.keys(variables).flatMap((given) => {
    if (names.has(given)) return [];
    const meant = known.find(
      (name) => !common.has(name) && variables[name] === undefined && isMeant(given, name),
    );
    if (meant === undefined) return [];
    const line = lines.get(given)?.line;
    const where = line === undefined ? 'in the environment' : `in line ${line} of .env`;
    return [`${given} ${where} is not a setting of Ashlar, and is ignored. ${meant} is one.`];
  });
  const cut = dotEnv.lines
    .filter(({ name, isCut }) => isCut && names.has(name))
    .map(
      ({ name, line }) =>
        `The value of ${name} in line ${line} of .env ends before a "#". Quote the value if the "#" belongs to it.`,
    );
  const ignored = dotEnv.ignored.map((line) => `Line ${line} of .env is not a setting, and is ignored.`);
  return [...nearMisses, ...cut, ...ignored];
}

// many programs have a name like it, and nothing is lost by a wrong one
const common: ReadonlySet<string> = new Set(['LOG_LEVEL']);

const folded = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '');

// in a short name two letters make another word
const isMeant = (given: string, name: string): boolean =>
  isNear(folded(given), folded(name), name.length < 14 ? 1 : 2);
