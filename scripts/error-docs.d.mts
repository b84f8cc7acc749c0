export const beforeExamples: string;
export const errorDocs: Readonly<
  Record<
    string,
    {
      readonly cause: string;
      readonly language: 'ts' | 'sh';
      readonly example: string;
      readonly runs: boolean;
      readonly remedy: string;
    }
  >
>;
