-- 0006_logins_and_search
-- create virtual table documents_text
-- content_stores: create table
-- login_attempts: create table
-- documents: add column search_text
-- documents: add column text_bytes
-- documents: create trigger documents_text_delete
-- documents: create trigger documents_text_insert
-- documents: create trigger documents_text_update
-- refresh_tokens: add column login_hash
-- refresh_tokens: add column second_factor
-- refresh_tokens: create index refresh_tokens_expires_at_idx
-- refresh_tokens: create index refresh_tokens_login_hash_idx
-- documents_text: index the rows that exist
-- tried without rows: folders, documents, refresh_tokens, document_topics, shares
-- ashlar: makes column documents.search_text, trigger documents.documents_text_delete
-- ashlar: makes trigger documents.documents_text_insert, trigger documents.documents_text_update
-- ashlar: makes table login_attempts, column login_attempts.subject, column login_attempts.failures
-- ashlar: makes column login_attempts.last_at, constraint login_attempts.login_attempts_pkey
-- ashlar: makes index login_attempts_last_at_idx, column refresh_tokens.second_factor
-- ashlar: makes index refresh_tokens_expires_at_idx, virtual table documents_text
-- ashlar: makes table content_stores, column content_stores.id, column content_stores.created_at
-- ashlar: makes constraint content_stores.content_stores_pkey
-- ashlar: makes column documents.text_bytes, column refresh_tokens.login_hash
-- ashlar: makes index refresh_tokens_login_hash_idx

CREATE VIRTUAL TABLE documents_text USING fts5(id UNINDEXED, search_text, tokenize = 'unicode61 remove_diacritics 0');
CREATE INDEX documents_text_key ON documents_text_content (c0);

CREATE TABLE login_attempts (
  subject  TEXT    NOT NULL
    CONSTRAINT login_attempts_subject_check CHECK (length(subject) = 64 AND instr(subject, char(0)) = 0),
  failures INTEGER NOT NULL CONSTRAINT login_attempts_failures_check CHECK (failures BETWEEN 0 AND 2147483647),
  last_at  TEXT    NOT NULL
    CONSTRAINT login_attempts_last_at_check CHECK (
      last_at IS strftime('%Y-%m-%dT%H:%M:%fZ', last_at)
      AND last_at >= '0001'
    ),
  CONSTRAINT login_attempts_pkey PRIMARY KEY (subject)
) STRICT;
CREATE INDEX login_attempts_last_at_idx ON login_attempts (last_at);

CREATE TABLE content_stores (
  id         TEXT NOT NULL
    CONSTRAINT content_stores_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT content_stores_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  CONSTRAINT content_stores_pkey PRIMARY KEY (id)
) STRICT;

ALTER TABLE documents ADD COLUMN search_text TEXT CONSTRAINT documents_search_text_check CHECK (octet_length(search_text) <= 699050);

-- as searchTextOf() of the services does it
UPDATE documents SET search_text = substr(filename || char(10) || coalesce(extracted_text, ''), 1, 170000);

CREATE TRIGGER documents_text_delete AFTER DELETE ON documents
BEGIN
  DELETE FROM documents_text WHERE rowid = (SELECT id FROM documents_text_content WHERE c0 = OLD.id);
END;

CREATE TRIGGER documents_text_insert AFTER INSERT ON documents
BEGIN
  INSERT INTO documents_text (id, search_text) VALUES (NEW.id, NEW.search_text);
END;

CREATE TRIGGER documents_text_update AFTER UPDATE ON documents
BEGIN
  DELETE FROM documents_text WHERE rowid = (SELECT id FROM documents_text_content WHERE c0 = OLD.id);
  INSERT INTO documents_text (id, search_text) VALUES (NEW.id, NEW.search_text);
END;

ALTER TABLE documents ADD COLUMN text_bytes INTEGER NOT NULL DEFAULT 0 CONSTRAINT documents_text_bytes_check CHECK (text_bytes BETWEEN 0 AND 9007199254740991);

ALTER TABLE refresh_tokens ADD COLUMN login_hash TEXT CONSTRAINT refresh_tokens_login_hash_check CHECK (length(login_hash) = 64 AND instr(login_hash, char(0)) = 0);

ALTER TABLE refresh_tokens ADD COLUMN second_factor INTEGER NOT NULL DEFAULT 0 CONSTRAINT refresh_tokens_second_factor_check CHECK (second_factor IN (0, 1));

CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

CREATE INDEX refresh_tokens_login_hash_idx ON refresh_tokens (login_hash);

DELETE FROM documents_text;
INSERT INTO documents_text (id, search_text) SELECT id, search_text FROM documents;
