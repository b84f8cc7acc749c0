import measured from 'text-readability';

/**
 * The counts and readability scores of a text. The formulas are made for English and mean little for other languages.
 */
export interface Readability {
  readonly words: number;
  readonly sentences: number;
  readonly syllables: number;
  /** The number of distinct words of two or more syllables that are not on the Dale–Chall list of easy words. */
  readonly difficult_words: number;
  /** The Flesch reading ease (1948), from about 0 (very hard) to 100 (very easy). */
  readonly flesch_reading_ease: number;
  /**
   * The Flesch–Kincaid grade level (1975), as a US school grade. `gunning_fog` to `automated_readability_index` are US
   * school grades too.
   */
  readonly flesch_kincaid_grade: number;
  readonly gunning_fog: number;
  /** The SMOG grade; 0 for a text of fewer than three sentences, for which SMOG is undefined. */
  readonly smog_index: number;
  readonly coleman_liau_index: number;
  readonly automated_readability_index: number;
  /** The Dale–Chall score (1948): up to 4.9 for easy texts, 9 or more for hard texts. */
  readonly dale_chall_score: number;
}

/** Computes the readability scores of a text with at least one word. The result depends on the text only. */
export function readabilityOf(text: string): Readability {
  return {
    words: measured.lexiconCount(text),
    sentences: measured.sentenceCount(text),
    syllables: measured.syllableCount(text),
    difficult_words: measured.difficultWords(text),
    flesch_reading_ease: measured.fleschReadingEase(text),
    flesch_kincaid_grade: measured.fleschKincaidGrade(text),
    gunning_fog: measured.gunningFog(text),
    smog_index: measured.smogIndex(text),
    coleman_liau_index: measured.colemanLiauIndex(text),
    automated_readability_index: measured.automatedReadabilityIndex(text),
    dale_chall_score: measured.daleChallReadabilityScore(text),
  };
}
