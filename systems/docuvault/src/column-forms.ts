import { z } from 'zod';

/** A SHA-256 hash in lower-case hex. */
export function sha256() {
  return z
    .string()
    .length(64)
    .regex(/^[0-9a-f]*$/);
}

/**
 * One segment of a path, as every system can have it, and as it looks: no slash of any kind, no control character, nothing that
 * changes the order of letters or is not seen, no blank at its ends, and no dot at its end. Rows of before may have other names.
 */
export function name() {
  return z
    .string()
    .min(1)
    .max(255)
    .regex(
      /^[^/\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u2044\u2215\uff0f\uff3c\u00ad\u200b\u2060\ufeff]+$/u,
    )
    .regex(/^(?!\s).*(?<![\s.])$/su, 'begins or ends with a blank, or ends with a dot');
}

/** The longest email address, in characters: RFC 5321, section 4.5.3.1. */
export const longestEmail = 254;

/** The form of an email address: 64 characters, @, 255 characters (RFC 5321 section 4.5.3.1); letters of any script (RFC 6531); a domain with a dot. */
export const emailForm =
  /^[^\s@"\p{C}\p{Default_Ignorable_Code_Point}]{1,64}@(?=.{1,255}$)[^\s@.\p{C}\p{Default_Ignorable_Code_Point}]+(\.[^\s@.\p{C}\p{Default_Ignorable_Code_Point}]+)+$/u;
