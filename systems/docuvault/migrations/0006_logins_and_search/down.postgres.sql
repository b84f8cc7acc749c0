-- undoes 0006_logins_and_search

DROP TABLE login_attempts;

DROP INDEX refresh_tokens_expires_at_idx;

DROP INDEX documents_text;

ALTER TABLE refresh_tokens DROP COLUMN second_factor;

ALTER TABLE documents DROP COLUMN ashlar_documents_text;

ALTER TABLE documents DROP COLUMN search_text;
