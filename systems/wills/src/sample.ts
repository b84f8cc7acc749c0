import { type Approval, approvedTextHash } from './approval.js';
import type { NewClause } from './clauses.js';

const approval = {
  approved_by: 'PLACEHOLDER — not approved by an attorney',
  approved_at: '2026-01-01T00:00:00.000Z',
  approval_notes: 'Sample text for demonstrations and tests. Not legal advice; not fit for any will.',
} satisfies Partial<NewClause>;

const text = (title: string) => ({ type: 'string', minLength: 1, title });
const money = (title: string) => ({ type: 'string', format: 'money', title });

const variables = (properties: Record<string, Record<string, unknown>>, optional: readonly string[] = []) =>
  ({
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
  }) as NewClause['variables_schema'];

const list = (properties: Record<string, Record<string, unknown>>) => ({
  type: 'array',
  minItems: 1,
  items: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
});

const texts: readonly Omit<NewClause, keyof Approval>[] = [
  {
    code: 'REV-01',
    name: 'Revocation of earlier wills',
    category: 'revocation',
    template_text:
      'I, {{testator_name}}, identity number {{testator_id}}, revoke every will and codicil I made before this one, and declare this to be my last will.',
    variables_schema: variables({
      testator_name: text('Full name'),
      testator_id: { ...text('Identity number'), pattern: '^[0-9]{13}$' },
    }),
    will_types: ['basic', 'trust', 'usufruct', 'joint'],
    is_required: true,
    display_order: 10,
  },
  {
    code: 'EXEC-01',
    name: 'Appointment of executor',
    category: 'executor',
    template_text: `I appoint {{executor_name}} as executor of my estate{{^security}}, who need not give security to the Master{{/security}}.
{{#substitute_name}}
Should {{executor_name}} be unable or unwilling to act, I appoint {{substitute_name}} instead.
{{/substitute_name}}`,
    variables_schema: variables(
      {
        executor_name: text('Executor'),
        substitute_name: text('Substitute executor'),
        security: { type: 'boolean' },
      },
      ['substitute_name', 'security'],
    ),
    will_types: ['basic', 'trust', 'usufruct', 'joint'],
    is_required: true,
    display_order: 20,
  },
  {
    code: 'BEN-01',
    name: 'Legacies',
    category: 'beneficiary',
    template_text: `I leave the following:
{{#legacies}}
- to {{beneficiary}}: {{gift}};
{{/legacies}}
A legacy lapses when its beneficiary does not survive me by {{survival_days}} days.`,
    variables_schema: variables({
      legacies: list({ beneficiary: text('Beneficiary'), gift: text('What is left') }),
      survival_days: { type: 'integer', minimum: 0, maximum: 365 },
    }),
    will_types: ['basic', 'trust', 'usufruct', 'joint'],
    display_order: 30,
  },
  {
    code: 'BEN-02',
    name: 'Legacies of money',
    category: 'beneficiary',
    template_text: `I leave the following amounts of money:
{{#legacies_of_money}}
- to {{beneficiary}}: {{amount}};
{{/legacies_of_money}}
A legacy of money lapses when its beneficiary does not survive me by {{survival_days}} days.`,
    variables_schema: variables({
      legacies_of_money: list({ beneficiary: text('Beneficiary'), amount: money('The amount') }),
      survival_days: { type: 'integer', minimum: 0, maximum: 365 },
    }),
    will_types: ['basic', 'trust', 'usufruct', 'joint'],
    display_order: 35,
  },
  {
    code: 'GUARD-01',
    name: 'Guardian of minor children',
    category: 'guardian',
    template_text: `Should my children be minors when I die and have no surviving parent, I nominate {{guardian_name}} as guardian of these children and of any child born to me later:
{{#children}}
- {{.}};
{{/children}}`,
    variables_schema: variables({
      guardian_name: text('Guardian'),
      children: { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
    }),
    will_types: ['basic', 'trust', 'joint'],
    display_order: 40,
  },
  {
    code: 'TRUST-01',
    name: 'Testamentary trust',
    category: 'trust',
    template_text:
      'What a beneficiary younger than {{vesting_age}} inherits is held by the {{trust_name}}, whose trustees are {{trustees}}, and is used for that beneficiary’s upkeep and education until that age.',
    variables_schema: variables({
      trust_name: text('Name of the trust'),
      trustees: text('Trustees'),
      vesting_age: { type: 'integer', minimum: 18, maximum: 35 },
    }),
    will_types: ['trust', 'joint'],
    display_order: 50,
  },
  {
    code: 'USUF-01',
    name: 'Usufruct over the home',
    category: 'usufruct',
    template_text:
      'I leave {{property}} to {{owner_name}}, subject to a usufruct for {{usufructuary_name}}, who may live in it and take its fruits until {{ends_on}}.',
    variables_schema: variables({
      property: text('Property'),
      owner_name: text('Who becomes owner'),
      usufructuary_name: text('Who may use it'),
      ends_on: { type: 'string', enum: ['death', 'death or remarriage'] },
    }),
    will_types: ['usufruct'],
    display_order: 60,
  },
  {
    code: 'RES-01',
    name: 'Residue of the estate',
    category: 'residue',
    template_text: 'I leave the residue of my estate to {{heir_name}}.',
    variables_schema: variables({ heir_name: text('Heir') }),
    will_types: ['basic', 'trust', 'usufruct', 'joint'],
    is_required: true,
    display_order: 70,
  },
  {
    code: 'SIGN-01',
    name: 'Signature',
    category: 'signature',
    template_text: 'Signed at {{place}} on {{date}}.\n\n______________________\n{{testator_name}}, testator',
    variables_schema: variables({
      place: text('Place'),
      date: { type: 'string', format: 'date' },
      testator_name: text('Full name'),
    }),
    will_types: ['basic', 'trust', 'usufruct', 'joint'],
    is_required: true,
    display_order: 80,
  },
  {
    code: 'WIT-01',
    name: 'Attestation by witnesses',
    category: 'witness',
    template_text:
      'Signed by the testator in our presence, and by each of us in the presence of the testator and of each other: {{first_witness}} and {{second_witness}}, both older than fourteen, neither of whom inherits under this will.\n\n______________________\n{{first_witness}}, witness\n\n______________________\n{{second_witness}}, witness',
    variables_schema: variables({
      first_witness: text('First witness'),
      second_witness: text('Second witness'),
    }),
    will_types: ['basic', 'trust', 'usufruct', 'joint'],
    is_required: true,
    display_order: 90,
  },
];

/** A small clause library for demonstrations and tests. No attorney has approved it; each clause says so. */
export const sampleClauses: readonly NewClause[] = texts.map((clause) => ({
  ...clause,
  ...approval,
  approved_text_sha256: approvedTextHash(clause),
}));
