import { z } from 'zod';

/** A rule of the filter: words that a sentence of legal advice has. */
export const adviceRule = z.strictObject({
  /** A name that stays the same when the pattern changes; hits are logged under it. */
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  /** A regular expression (with the flags `i` and `u`) on text in lower case with single spaces. */
  pattern: z.string().min(1).max(500),
  /** Why such a sentence is advice. */
  reason: z.string().min(1),
  /** Sentences that the rule must hold back; a test runs them. */
  examples: z.array(z.string()).min(1),
});

/** A rule of the filter. */
export type AdviceRule = z.output<typeof adviceRule>;

const person = '(?:you|he|she|they|your (?:wife|husband|spouse|partner|child|children|heirs?|estate))';

/**
 * The rules that come with the system. They are words, chosen by programmers: have an attorney review and extend them
 * before you rely on them.
 */
export const adviceRules: readonly AdviceRule[] = [
  {
    id: 'tells-what-to-do',
    pattern: `\\b(?:you (?:should|must|ought to|need to|had better|have to)|i(?: would| ?['d]+)? (?:strongly )?(?:advise|recommend|suggest)|my advice|our advice|it would be (?:best|better|wise|advisable) (?:for you )?to)\\b`,
    reason: 'It recommends a course of action in a legal matter.',
    examples: [
      'You should leave the house to your daughter.',
      'I would advise a testamentary trust.',
      'It would be wise to disinherit him.',
    ],
  },
  {
    id: 'predicts-the-law',
    pattern: `\\b(?:the (?:court|master|judge|law) (?:will|would|is going to)|this (?:will|would) (?:hold up|stand up) in court|${person} (?:will|would|cannot|can't) (?:win|lose|succeed|be liable|inherit|be able to contest))\\b`,
    reason: 'It predicts how the law will be applied to a case.',
    examples: [
      'The court will uphold this clause.',
      'Your spouse cannot inherit under it.',
      'This would hold up in court.',
    ],
  },
  {
    id: 'judges-validity',
    pattern:
      "\\b(?:your|this|the|that) (?:will|codicil|clause|trust|bequest|marriage|contract) (?:is|would be|will be|isn't|is not) (?:legally )?(?:valid|invalid|void|binding|enforceable|unenforceable|legal|illegal)\\b",
    reason: 'It states whether a document or an act is valid.',
    examples: ['Your will is valid without witnesses.', 'This clause would be unenforceable.'],
  },
  {
    id: 'states-entitlement',
    pattern: `\\b${person} (?:(?:is|are) (?:legally )?entitled to|(?:has|have) (?:a|the|no) (?:legal )?(?:right|claim) to|(?:is|are) (?:legally )?(?:obliged|required|liable))\\b`,
    reason: 'It states the rights or duties of a person.',
    examples: ['You are entitled to maintenance from the estate.', 'Your children have a legal claim to it.'],
  },
  {
    id: 'avoids-tax-or-creditors',
    pattern:
      "\\b(?:(?:avoid|evade|escape|save|reduce|minimi[sz]e) (?:paying )?(?:estate duty|tax|capital gains|executor[’']?s? fees)|(?:hide|protect|shield) (?:it|them|assets?|your \\w+) from (?:creditors|sars|your (?:spouse|wife|husband)))\\b",
    reason: 'It says how to avoid a tax or a claim.',
    examples: ['That way you avoid paying estate duty.', 'Shield assets from creditors with a trust.'],
  },
  {
    id: 'claims-to-be-a-lawyer',
    pattern:
      '\\b(?:as (?:your|an?) (?:attorney|lawyer|advocate|legal adviser)|(?:this is|here is|as) legal advice)\\b',
    reason: 'It claims to be a lawyer, or its text to be legal advice.',
    examples: ['As your attorney, I have drafted it.', 'Here is legal advice for your case.'],
  },
];
