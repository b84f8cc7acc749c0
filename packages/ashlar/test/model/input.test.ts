import { AshlarError, parseInput } from 'ashlar';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const query = z.strictObject({ page: z.strictObject({ limit: z.int().default(10) }), name: z.string() });

const refusal = (input: unknown, suggestion?: string): AshlarError => {
  try {
    parseInput('The query', query, input, suggestion);
  } catch (error) {
    if (error instanceof AshlarError) return error;
  }
  throw new AshlarError('usage', { message: 'The input was accepted.' });
};

describe('the input of a service', () => {
  it('is returned parsed', () => {
    expect(parseInput('The query', query, { page: {}, name: 'a' })).toEqual({
      page: { limit: 10 },
      name: 'a',
    });
  });

  it('is refused with the path of the invalid part', () => {
    const { code, message, detail, suggestion } = refusal({ page: { limit: 1.5 }, name: 'a' });
    expect(code).toBe('input-invalid');
    expect(message).toMatch(/^The query: page\.limit: .+\.$/);
    expect(detail).toBeUndefined();
    expect(suggestion).toMatch(/^Nothing was read or written\./);
  });

  it('is refused with every invalid part and a suggestion', () => {
    const { message, detail, suggestion } = refusal({ page: { limit: 'x' } }, 'Ask again.');
    expect(message).toContain('page.limit');
    expect(detail?.split('\n')).toEqual([
      expect.stringMatching(/^page\.limit: /),
      expect.stringMatching(/^name: /),
    ]);
    expect(suggestion).toBe('Ask again.');
  });

  it.each([undefined, 7])('is refused as a whole: %s', (input) => {
    expect(refusal(input).message).toMatch(/^The query: Invalid input/);
  });
});
