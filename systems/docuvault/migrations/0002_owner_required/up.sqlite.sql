-- ashlar: rebuild
-- 0002_owner_required
-- documents: change column user_id (rebuilds the table)
--   careful: documents is rewritten; writers wait until it is done. It fails, and changes nothing, where a value of user_id is invalid for the new column.

CREATE TABLE documents_new (
  id             TEXT    NOT NULL
    CONSTRAINT documents_id_check CHECK (
      id GLOB '????????-????-????-????-????????????'
      AND id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(id, '-', '')) = 32
      AND instr(id, char(0)) = 0
    ),
  user_id        TEXT    NOT NULL
    CONSTRAINT documents_user_id_check CHECK (
      user_id GLOB '????????-????-????-????-????????????'
      AND user_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(user_id, '-', '')) = 32
      AND instr(user_id, char(0)) = 0
    ),
  folder_id      TEXT
    CONSTRAINT documents_folder_id_check CHECK (
      folder_id GLOB '????????-????-????-????-????????????'
      AND folder_id NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(folder_id, '-', '')) = 32
      AND instr(folder_id, char(0)) = 0
    ),
  filename       TEXT    NOT NULL
    CONSTRAINT documents_filename_check CHECK (
      length(filename) BETWEEN 1 AND 255
      AND instr(filename, char(0)) = 0
    ),
  content_type   TEXT    NOT NULL
    CONSTRAINT documents_content_type_check CHECK (
      length(content_type) BETWEEN 1 AND 255
      AND instr(content_type, char(0)) = 0
    ),
  size_bytes     INTEGER NOT NULL
    CONSTRAINT documents_size_bytes_check CHECK (size_bytes BETWEEN 0 AND 9007199254740991),
  sha256         TEXT
    CONSTRAINT documents_sha256_check CHECK (length(sha256) = 64 AND instr(sha256, char(0)) = 0),
  object_key     TEXT    NOT NULL
    CONSTRAINT documents_object_key_check CHECK (
      object_key GLOB '????????-????-????-????-????????????'
      AND object_key NOT GLOB '*[^0-9a-f-]*'
      AND length(replace(object_key, '-', '')) = 32
      AND instr(object_key, char(0)) = 0
    ),
  extracted_text TEXT,
  created_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT documents_created_at_check CHECK (
      created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
      AND created_at >= '0001'
    ),
  updated_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    CONSTRAINT documents_updated_at_check CHECK (
      updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
      AND updated_at >= '0001'
    ),
  CONSTRAINT documents_pkey PRIMARY KEY (id),
  CONSTRAINT documents_object_key_key UNIQUE (object_key),
  CONSTRAINT uq_documents_id_user UNIQUE (id, user_id),
  CONSTRAINT documents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT,
  CONSTRAINT documents_user_id_folder_id_fkey FOREIGN KEY (user_id, folder_id) REFERENCES folders (user_id, id) ON DELETE RESTRICT
) STRICT;
INSERT INTO documents_new (
  id, user_id, folder_id, filename, content_type, size_bytes, sha256, object_key, extracted_text, created_at,
  updated_at
)
SELECT id, user_id, folder_id, filename, content_type, size_bytes, sha256, object_key, extracted_text, created_at,
  updated_at
FROM documents;
DROP TABLE documents;
PRAGMA legacy_alter_table = ON;
ALTER TABLE documents_new RENAME TO documents;
PRAGMA legacy_alter_table = OFF;
CREATE INDEX documents_sha256_idx ON documents (sha256);
CREATE INDEX documents_user_id_created_at_idx ON documents (user_id, created_at);
CREATE INDEX documents_user_id_folder_id_idx ON documents (user_id, folder_id);
CREATE TRIGGER documents_user_id_fkey_insert BEFORE INSERT ON documents
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: documents_user_id_fkey');
END;
CREATE TRIGGER documents_user_id_fkey_update BEFORE UPDATE OF user_id ON documents
WHEN NEW.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: documents_user_id_fkey');
END;
CREATE TRIGGER documents_user_id_folder_id_fkey_insert BEFORE INSERT ON documents
WHEN NEW.user_id IS NOT NULL
  AND NEW.folder_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM folders WHERE user_id = NEW.user_id AND id = NEW.folder_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: documents_user_id_folder_id_fkey');
END;
CREATE TRIGGER documents_user_id_folder_id_fkey_update BEFORE UPDATE OF user_id, folder_id ON documents
WHEN NEW.user_id IS NOT NULL
  AND NEW.folder_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM folders WHERE user_id = NEW.user_id AND id = NEW.folder_id)
BEGIN
  SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: documents_user_id_folder_id_fkey');
END;
