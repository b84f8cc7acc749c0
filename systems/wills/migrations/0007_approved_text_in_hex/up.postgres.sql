-- 0007_approved_text_in_hex
-- clauses: add check clauses_approved_text_hex
-- ashlar: makes constraint clauses.clauses_approved_text_hex

ALTER TABLE clauses ADD CONSTRAINT clauses_approved_text_hex CHECK (ltrim(approved_text_sha256, '0123456789abcdef') = '') NOT VALID;
ALTER TABLE clauses VALIDATE CONSTRAINT clauses_approved_text_hex;
