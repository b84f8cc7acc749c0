import { system, type Table, type Tables } from 'ashlar';
import type { Folder } from './folder.js';

/** Objects that a person makes in a step. */
export const byHand = {
  sqlite: `
CREATE INDEX notes_lower ON notes (lower(title));
CREATE VIEW note_titles AS SELECT id, title FROM notes;
CREATE TABLE note_log (note INTEGER, title TEXT) STRICT;
CREATE TRIGGER note_logged AFTER INSERT ON notes BEGIN INSERT INTO note_log VALUES (new.id, new.title); END;
CREATE VIRTUAL TABLE notes_words USING fts5(title, content='notes', content_rowid='id');
CREATE TRIGGER notes_words_insert AFTER INSERT ON notes BEGIN INSERT INTO notes_words (rowid, title) VALUES (new.id, new.title); END;
INSERT INTO notes_words (notes_words) VALUES ('rebuild');`,
  postgres: `
CREATE INDEX notes_lower ON notes (lower(title));
CREATE VIEW note_titles AS SELECT id, title FROM notes;
CREATE TABLE note_log (note bigint, title text);
CREATE FUNCTION note_logged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO note_log VALUES (new.id, new.title); RETURN new; END $$;
CREATE TRIGGER note_logged AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION note_logged();
ALTER TABLE notes ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', title)) STORED;
CREATE INDEX notes_words ON notes USING gin (words);`,
} as const;

export const systemOf = (folder: Folder, ...tables: Table[]) =>
  system('shop', {
    tables: Object.fromEntries(tables.map((each) => [each.name, each])) as Tables,
    migrations: folder.url,
  });
