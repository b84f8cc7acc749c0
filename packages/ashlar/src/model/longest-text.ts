/**
 * The length of the longest text that a full-text index takes, in bytes: a tsvector of PostgreSQL has 1,048,575, and a folded
 * letter may have half as many bytes again.
 */
export const longestText = 699_050;
