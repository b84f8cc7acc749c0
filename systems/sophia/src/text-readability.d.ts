// types of the used part of a library that has none
declare module 'text-readability' {
  interface Readability {
    lexiconCount(text: string): number;
    sentenceCount(text: string): number;
    syllableCount(text: string): number;
    difficultWords(text: string): number;
    fleschReadingEase(text: string): number;
    fleschKincaidGrade(text: string): number;
    gunningFog(text: string): number;
    smogIndex(text: string): number;
    colemanLiauIndex(text: string): number;
    automatedReadabilityIndex(text: string): number;
    daleChallReadabilityScore(text: string): number;
  }
  const readability: Readability;
  // biome-ignore lint/style/noDefaultExport: the library has a default export
  export default readability;
}
