-- 0006_logins_and_search
-- content_stores: create table
-- documents: add column search_text
-- documents: add column text_bytes
-- documents: add column ashlar_documents_text
-- refresh_tokens: add column login_hash
-- refresh_tokens: add column second_factor
-- documents: add index documents_text
--   careful: documents cannot be written while the index is built. On a large live table, create it beforehand with CREATE INDEX CONCURRENTLY.
-- refresh_tokens: add index refresh_tokens_expires_at_idx
--   careful: refresh_tokens cannot be written while the index is built. On a large live table, create it beforehand with CREATE INDEX CONCURRENTLY.
-- refresh_tokens: add index refresh_tokens_login_hash_idx
--   careful: refresh_tokens cannot be written while the index is built. On a large live table, create it beforehand with CREATE INDEX CONCURRENTLY.
-- login_attempts: create table
-- tried without rows: folders, documents, refresh_tokens, document_topics, shares
-- ashlar: makes column documents.search_text, column documents.ashlar_documents_text
-- ashlar: makes constraint documents.documents_search_text_check, index documents_text, table login_attempts
-- ashlar: makes column login_attempts.subject, column login_attempts.failures, column login_attempts.last_at
-- ashlar: makes constraint login_attempts.login_attempts_pkey
-- ashlar: makes constraint login_attempts.login_attempts_failures_check
-- ashlar: makes constraint login_attempts.login_attempts_last_at_check
-- ashlar: makes constraint login_attempts.login_attempts_subject_check, index login_attempts_last_at_idx
-- ashlar: makes column refresh_tokens.second_factor, index refresh_tokens_expires_at_idx
-- ashlar: makes table content_stores, column content_stores.id, column content_stores.created_at
-- ashlar: makes constraint content_stores.content_stores_pkey
-- ashlar: makes constraint content_stores.content_stores_created_at_check
-- ashlar: makes column documents.text_bytes, constraint documents.documents_text_bytes_check
-- ashlar: makes column refresh_tokens.login_hash, constraint refresh_tokens.refresh_tokens_login_hash_check
-- ashlar: makes index refresh_tokens_login_hash_idx

ALTER TABLE documents ADD COLUMN search_text text COLLATE "C"
    CONSTRAINT documents_search_text_check CHECK (octet_length(search_text) <= 699050);

-- as searchTextOf() of the services does it. Nobody has updated the documents: a time that a statement changes is not set to now
UPDATE documents SET
  search_text = substr(filename || chr(10) || coalesce(extracted_text, ''), 1, 170000),
  updated_at = updated_at + interval '1 millisecond';
UPDATE documents SET updated_at = updated_at - interval '1 millisecond';

ALTER TABLE documents ADD COLUMN ashlar_documents_text tsvector GENERATED ALWAYS AS (ashlar_words(COALESCE(search_text, ''::text))) STORED;

ALTER TABLE documents ADD COLUMN text_bytes bigint DEFAULT 0 NOT NULL
    CONSTRAINT documents_text_bytes_check CHECK (text_bytes BETWEEN 0 AND 9007199254740991);

ALTER TABLE refresh_tokens ADD COLUMN login_hash text COLLATE "C"
    CONSTRAINT refresh_tokens_login_hash_check CHECK (char_length(login_hash) = 64);

ALTER TABLE refresh_tokens ADD COLUMN second_factor boolean DEFAULT false NOT NULL;

CREATE INDEX documents_text ON documents USING gin (ashlar_documents_text);

CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

CREATE INDEX refresh_tokens_login_hash_idx ON refresh_tokens (login_hash);

CREATE TABLE content_stores (
  id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
    CONSTRAINT content_stores_created_at_check CHECK (created_at >= '0001-01-01T00:00:00Z' AND created_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT content_stores_pkey PRIMARY KEY (id)
);

CREATE TABLE login_attempts (
  subject text COLLATE "C" NOT NULL
    CONSTRAINT login_attempts_subject_check CHECK (char_length(subject) = 64),
  failures integer NOT NULL
    CONSTRAINT login_attempts_failures_check CHECK (failures BETWEEN 0 AND 2147483647),
  last_at timestamptz(3) NOT NULL
    CONSTRAINT login_attempts_last_at_check CHECK (last_at >= '0001-01-01T00:00:00Z' AND last_at < '10000-01-01T00:00:00Z'),
  CONSTRAINT login_attempts_pkey PRIMARY KEY (subject)
);
CREATE INDEX login_attempts_last_at_idx ON login_attempts (last_at);
