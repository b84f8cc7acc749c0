-- undoes 0006_logins_and_search

DROP TABLE content_stores;

DROP TABLE login_attempts;

DROP INDEX refresh_tokens_expires_at_idx;

DROP INDEX refresh_tokens_login_hash_idx;

DROP INDEX documents_text;

ALTER TABLE refresh_tokens DROP COLUMN second_factor;

ALTER TABLE refresh_tokens DROP COLUMN login_hash;

ALTER TABLE documents DROP COLUMN text_bytes;

ALTER TABLE documents DROP COLUMN ashlar_documents_text;

ALTER TABLE documents DROP COLUMN search_text;
