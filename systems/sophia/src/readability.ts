import measured from 'text-readability';

/** How hard a text is to read. The formulas are made for English; of a text in another language they say little. */
export interface Readability {
  readonly words: number;
  readonly sentences: number;
  readonly syllables: number;
  /** Words of two syllables and more that are not on the Dale–Chall list of easy ones; each once. */
  readonly difficult_words: number;
  /** Flesch 1948: about 0 (very hard) to 100 (very easy). */
  readonly flesch_reading_ease: number;
  /** Kincaid 1975: years of American schooling, as the next five. */
  readonly flesch_kincaid_grade: number;
  readonly gunning_fog: number;
  /** 0 for a text of fewer than three sentences, for which it is not defined. */
  readonly smog_index: number;
  readonly coleman_liau_index: number;
  readonly automated_readability_index: number;
  /** Dale and Chall 1948: up to 4.9 for easy texts, from 9 for hard ones. */
  readonly dale_chall_score: number;
}

/** The figures of a text; the same text has the same ones always. It must have a word. */
export const readabilityOf = (text: string): Readability => ({
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
});
