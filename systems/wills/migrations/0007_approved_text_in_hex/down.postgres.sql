-- undoes 0007_approved_text_in_hex

ALTER TABLE clauses DROP CONSTRAINT clauses_approved_text_hex;
