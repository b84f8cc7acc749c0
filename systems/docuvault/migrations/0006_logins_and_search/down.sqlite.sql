-- undoes 0006_logins_and_search

DELETE FROM documents_text;

DROP INDEX refresh_tokens_expires_at_idx;

DROP INDEX refresh_tokens_login_hash_idx;

ALTER TABLE refresh_tokens DROP COLUMN second_factor;

ALTER TABLE refresh_tokens DROP COLUMN login_hash;

DROP TRIGGER documents_text_update;

DROP TRIGGER documents_text_insert;

DROP TRIGGER documents_text_delete;

ALTER TABLE documents DROP COLUMN text_bytes;

ALTER TABLE documents DROP COLUMN search_text;

DROP TABLE login_attempts;

DROP TABLE content_stores;

DROP TABLE documents_text;
