import { isDeepStrictEqual } from 'node:util';
import { AshlarError } from 'ashlar';
import { approvedTextHash } from './approval.js';
import { recordEvent } from './audit.js';
import { checkVariables, renderTemplate } from './clause-template.js';
import { currentClauses } from './clauses.js';
import type { RenderedClause } from './render.js';
import { sha256Of } from './sha256.js';
import type { Clause, ClauseCategory, WillsSession, WillType } from './tables.js';

/** The categories of clauses without which a text is no will of its type. */
const neededCategories: Readonly<Record<WillType, readonly ClauseCategory[]>> = {
  basic: ['revocation', 'executor', 'residue', 'witness', 'signature'],
  trust: ['revocation', 'executor', 'trust', 'residue', 'witness', 'signature'],
  usufruct: ['revocation', 'executor', 'usufruct', 'residue', 'witness', 'signature'],
  joint: ['revocation', 'executor', 'residue', 'witness', 'signature'],
};

/** What to assemble a will of. */
export interface WillRequest {
  readonly will_type: WillType;
  /** The variables of all its clauses together: a name that several clauses use is given once. */
  readonly variables: unknown;
  /** The codes of the clauses that are not required and belong to this will. Default: none. */
  readonly include?: readonly string[] | undefined;
}

/** A clause of a will, with the version and the approval of its text. */
export interface WillClause extends RenderedClause {
  readonly name: string;
  readonly category: ClauseCategory;
  readonly approved_by: string;
  readonly approved_at: string;
  /** The SHA-256 hash of the clause's template. */
  readonly text_sha256: string;
}

/** A whole will as text. `willHtml` and `willPdf` print it. */
export interface Will {
  readonly will_type: WillType;
  readonly clauses: readonly WillClause[];
  /** The SHA-256 hash of the clauses' texts, joined by two line ends. */
  readonly sha256: string;
  readonly assembled_at: string;
}

/**
 * Assembles a whole will: the current versions of the required clauses of its type and of those that are included, in
 * display order. The variables of all clauses are checked at once, and every problem is named. An event `will.assembled`
 * records which version of which text was used, and the hash of the will, but nothing of what it says.
 *
 * @throws AshlarError `row-not-found` for a code that is not a current clause of this type; `state-conflict` when the
 *   library lacks a clause of a category that the type needs, or two clauses declare one variable differently;
 *   `input-invalid`, which names each variable that is missing, unknown, of the wrong type, or a gap
 *
 * @example
 * const will = await db.session((s) => assembleWill(s, { will_type: 'basic', variables, include: ['BEN-01'] }));
 * await writeFile('will.pdf', await willPdf(will));
 */
export async function assembleWill(
  s: WillsSession,
  { will_type, variables, include = [] }: WillRequest,
): Promise<Will> {
  const chosen = choose(await currentClauses(s, { will_type }), will_type, include);
  const values = checkVariables(`the ${will_type} will`, schemaOf(chosen), variables);
  const texts = renderAll(chosen, values);
  const clauses = chosen.map((clause, at) => ({
    clause_id: clause.id,
    code: clause.code,
    version: clause.version,
    name: clause.name,
    category: clause.category,
    approved_by: clause.approved_by,
    approved_at: clause.approved_at,
    text_sha256: approvedTextHash(clause.template_text),
    text: texts[at] ?? '',
  }));
  const sha256 = sha256Of(texts.join('\n\n'));
  const { created_at } = await recordEvent(s, {
    event_type: 'will.assembled',
    event_category: 'will',
    resource_type: 'will',
    resource_id: sha256,
    details: {
      will_type,
      sha256,
      clauses: clauses.map(({ clause_id, code, version, text_sha256 }) => ({
        clause_id,
        code,
        version,
        text_sha256,
      })),
    },
  });
  return { will_type, clauses, sha256, assembled_at: created_at };
}

const choose = (
  current: readonly Clause[],
  will_type: WillType,
  include: readonly string[],
): readonly Clause[] => {
  const unknown = include.find((code) => !current.some((clause) => clause.code === code));
  if (unknown !== undefined) {
    throw new AshlarError('row-not-found', {
      message: `Clause ${unknown} is not a current clause of a ${will_type} will.`,
      suggestion: 'Call currentClauses({ will_type }) to list them.',
    });
  }
  const chosen = current.filter(({ code, is_required }) => is_required || include.includes(code));
  const lacking = neededCategories[will_type].filter(
    (category) => !chosen.some((clause) => clause.category === category),
  );
  if (lacking.length === 0) return chosen;
  const available = current.filter(({ category }) => lacking.includes(category)).map(({ code }) => code);
  throw new AshlarError('state-conflict', {
    message: `A ${will_type} will needs a clause of each category; there is none of ${lacking.join(', ')}.`,
    detail: available.length > 0 ? `Clauses that could be included: ${available.join(', ')}.` : undefined,
    suggestion: 'Include a clause of each category, or publish it as required.',
  });
};

type Values = Readonly<Record<string, unknown>>;

const propertiesOf = ({ variables_schema }: Clause): Values =>
  (variables_schema.properties ?? {}) as unknown as Values;

// what a person reads of a variable, and not what a value must be
const withoutLabels = (schema: unknown): unknown => {
  if (typeof schema !== 'object' || schema === null) return schema;
  const { title: _, description: __, ...rule } = schema as Values;
  return rule;
};

/** The schema of the variables of several clauses. */
const schemaOf = (chosen: readonly Clause[]): Values => {
  const properties: Record<string, unknown> = {};
  const required = new Set<unknown>();
  for (const clause of chosen) {
    for (const [name, schema] of Object.entries(propertiesOf(clause))) {
      if (
        Object.hasOwn(properties, name) &&
        !isDeepStrictEqual(withoutLabels(properties[name]), withoutLabels(schema))
      ) {
        throw new AshlarError('state-conflict', {
          message: `The clauses of this will declare the variable ${name} differently.`,
          detail: `${clause.code} and an earlier clause have another schema for it.`,
          suggestion: 'Supersede one of the clauses: rename the variable, or declare it in the same way.',
        });
      }
      properties[name] ??= schema;
    }
    const needed: unknown = clause.variables_schema.required;
    for (const name of Array.isArray(needed) ? needed : []) required.add(name);
  }
  return { type: 'object', properties, required: [...required] };
};

/** Renders each clause with its own variables; the gaps of all clauses are named together. */
const renderAll = (chosen: readonly Clause[], values: Values): readonly string[] => {
  const problems: string[] = [];
  const texts = chosen.map((clause) => {
    const own = Object.keys(propertiesOf(clause)).filter((name) => Object.hasOwn(values, name));
    try {
      return renderTemplate(
        clause.code,
        clause.template_text,
        clause.variables_schema,
        Object.fromEntries(own.map((name) => [name, values[name]])),
      );
    } catch (error) {
      if (!(error instanceof AshlarError)) throw error;
      problems.push(error.message.replace(/^Invalid variables for clause /, ''));
      return '';
    }
  });
  if (problems.length === 0) return texts;
  throw new AshlarError('input-invalid', {
    message: `Invalid variables for the will: ${problems[0]}`,
    detail: problems.length > 1 ? problems.join('\n') : undefined,
    suggestion: 'Pass a value for each variable of the clauses.',
  });
};
