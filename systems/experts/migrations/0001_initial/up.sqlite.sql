-- 0001_initial
-- leads: create table
-- conversations: create table

CREATE TABLE leads (
  email       TEXT NOT NULL
    CONSTRAINT leads_email_check CHECK (length(email) <= 320 AND instr(email, char(0)) = 0),
  captured_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT leads_captured_at_check CHECK (
      captured_at IS strftime('%Y-%m-%dT%H:%M:%fZ', captured_at)
      AND captured_at >= '0001'
    ),
  CONSTRAINT leads_pkey PRIMARY KEY (email),
  CONSTRAINT leads_email_is_lower_case CHECK (email = lower(email))
) STRICT;

CREATE TABLE conversations (
  id                 INTEGER CONSTRAINT conversations_pkey PRIMARY KEY AUTOINCREMENT
    CONSTRAINT conversations_id_check CHECK (id BETWEEN 1 AND 9007199254740991),
  email              TEXT    NOT NULL
    CONSTRAINT conversations_email_check CHECK (length(email) <= 320 AND instr(email, char(0)) = 0),
  query              TEXT    NOT NULL CONSTRAINT conversations_query_check CHECK (length(query) >= 1),
  history            TEXT    NOT NULL DEFAULT '[]'
    CONSTRAINT conversations_history_check CHECK (json_valid(history)),
  response_type      TEXT    NOT NULL
    CONSTRAINT conversations_response_type_check CHECK (response_type IN ('match', 'clarification')),
  response_narrative TEXT,
  response_experts   TEXT    NOT NULL DEFAULT '[]'
    CONSTRAINT conversations_response_experts_check CHECK (json_valid(response_experts)),
  created_at         TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT conversations_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  CONSTRAINT conversations_email_fkey FOREIGN KEY (email) REFERENCES leads (email) ON DELETE CASCADE
) STRICT;
CREATE INDEX conversations_email_created_at_id_idx ON conversations (email, created_at, id);
CREATE INDEX conversations_created_at_response_type_idx ON conversations (created_at, response_type);
CREATE TRIGGER conversations_email_fkey_insert BEFORE INSERT ON conversations
WHEN NEW.email IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM leads WHERE email = NEW.email)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: conversations_email_fkey');
END;
CREATE TRIGGER conversations_email_fkey_update BEFORE UPDATE OF email ON conversations
WHEN NEW.email IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM leads WHERE email = NEW.email)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: conversations_email_fkey');
END;
CREATE TRIGGER conversations_append_only_update BEFORE UPDATE ON conversations
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of conversations are never changed');
END;
CREATE TRIGGER conversations_append_only_delete BEFORE DELETE ON conversations
WHEN (OLD.email IS NULL OR EXISTS (SELECT 1 FROM leads WHERE email = OLD.email))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of conversations are deleted only with their row of leads');
END;
CREATE TRIGGER conversations_append_only_insert BEFORE INSERT ON conversations
WHEN EXISTS (SELECT 1 FROM conversations WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of conversations with this key exists and is never replaced');
END;
CREATE TRIGGER IF NOT EXISTS conversations_append_only_email_insert BEFORE INSERT ON leads
WHEN EXISTS (SELECT 1 FROM conversations WHERE email = NEW.email)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of leads that rows of conversations refer to is never replaced');
END;
CREATE TRIGGER IF NOT EXISTS conversations_append_only_email_update BEFORE UPDATE ON leads
WHEN (NEW.email IS NOT OLD.email)
  AND (EXISTS (SELECT 1 FROM conversations WHERE email = OLD.email)
    OR EXISTS (SELECT 1 FROM conversations WHERE email = NEW.email))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: a row of leads that rows of conversations refer to is never replaced');
END;
