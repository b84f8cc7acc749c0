import { z } from 'zod';

const compiles = (pattern: string): boolean => {
  try {
    return new RegExp(pattern, 'iu') instanceof RegExp;
  } catch {
    return false;
  }
};

/** A rule of the filter: words that a sentence of legal advice has. */
export const adviceRule = z.strictObject({
  /** A name that stays the same when the pattern changes; hits are logged under it. */
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  /**
   * A regular expression (with the flags `i` and `u`) on words in lower case with single spaces, without punctuation but the
   * apostrophes within words. It is trusted like code: one that backtracks can take very long.
   */
  pattern: z.string().min(1).max(1_000).refine(compiles, 'is not a regular expression'),
  /** Why such a sentence is advice. */
  reason: z.string().min(1),
  /** Sentences that the rule must hold back; a test runs them. */
  examples: z.array(z.string()).min(1),
});

/** A rule of the filter. */
export type AdviceRule = z.output<typeof adviceRule>;

// words that may stand between a subject, its verb and the rest
const between = '(?: (?:[a-z]{2,20}ly|not|never|always|also|just|still|then|now|both|all|therefore)){0,2}';
const person =
  '(?:you|he|she|they|your (?:wife|husband|spouse|partner|child|children|son|daughter|heirs?|estate))';
const willOf = `${person}(?:'ll|'d| will| would| won't| wouldn't| cannot| can not| can't)${between}`;
const isOf = `${person}(?:'re|'s| is| are| isn't| aren't| am)${between}`;
const document = '(?:your|this|the|that) (?:will|codicil|clause|trust|bequest|marriage|contract)';
const validity = '(?:legally )?(?:valid|invalid|void|binding|enforceable|unenforceable|legal|illegal)';

/**
 * The rules that come with the system. They are words, chosen by programmers: have an attorney review and extend them
 * before you rely on them.
 */
export const adviceRules: readonly AdviceRule[] = [
  {
    id: 'tells-what-to-do',
    pattern: `\\b(?:you(?:'d|'ll|'ve)?${between} (?:(?:should|must)(?:n't)?|ought(?:n't)? to|need(?:n't| not)|(?:need|have|got) to|(?:had )?better|(?:are|were) (?:well )?advised to)|(?:i|we)(?:'d)?(?: (?:would|do|can|must))?${between} (?:advise|recommend|suggest)|(?:my|our) (?:advice|recommendation)|it(?:'s| is| would be)${between} (?:best|better|wise|advisable|recommended) (?:for you )?to)\\b`,
    reason: 'It recommends a course of action in a legal matter.',
    examples: [
      'You should leave the house to your daughter.',
      'I would advise a testamentary trust.',
      'It would be wise to disinherit him.',
      'You’d better sign it today.',
      'You really shouldn’t sign it.',
      'We strongly recommend a trust.',
    ],
  },
  {
    id: 'predicts-the-law',
    pattern: `\\b(?:the (?:court|master|judge|law) (?:will|would|won't|wouldn't|is going to)|this (?:will|would|won't|wouldn't)${between} (?:hold up|stand up) in court|${willOf} (?:win|lose|succeed|be liable|inherit|be able to contest))\\b`,
    reason: 'It predicts how the law will be applied to a case.',
    examples: [
      'The court will uphold this clause.',
      'Your spouse cannot inherit under it.',
      'This would hold up in court.',
      'You’ll inherit everything.',
      'They won’t succeed with it.',
    ],
  },
  {
    id: 'judges-validity',
    pattern: `\\b${document}(?:'s| is| would be| will be| isn't| is not| won't be| wouldn't be)${between} ${validity}\\b`,
    reason: 'It states whether a document or an act is valid.',
    examples: [
      'Your will is valid without witnesses.',
      'This clause would be unenforceable.',
      'The codicil is clearly void.',
    ],
  },
  {
    id: 'states-entitlement',
    pattern: `\\b(?:${isOf} (?:entitled to|obliged|required|liable)|${person}(?:'ve| has| have)${between} (?:a|the|no|every) (?:legal |valid )?(?:right|claim) to)\\b`,
    reason: 'It states the rights or duties of a person.',
    examples: [
      'You are entitled to maintenance from the estate.',
      'Your children have a legal claim to it.',
      'You’re not entitled to anything.',
    ],
  },
  {
    id: 'avoids-tax-or-creditors',
    pattern:
      "\\b(?:(?:avoid|evade|escape|save|reduce|minimi[sz]e) (?:paying )?(?:estate duty|tax|capital gains|executor(?:'s|s)? fees)|(?:hide|protect|shield) (?:it|them|assets?|your [a-z]{1,20}) from (?:creditors|sars|your (?:spouse|wife|husband)))\\b",
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
