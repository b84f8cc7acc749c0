-- 0002_scores_gaps_and_sources
-- conversations: drop trigger conversations_append_only_update
-- add function conversations_append_only_stamp
-- conversations: add column top_match_score
-- conversations: add column gap_resolved
-- conversations: add column source
-- conversations: add index conversations_open_gaps_idx
--   careful: conversations cannot be written while the index is built. On a large live table, create it beforehand with CREATE INDEX CONCURRENTLY.
-- conversations: add trigger conversations_append_only_update

DROP TRIGGER conversations_append_only_update ON conversations;

CREATE FUNCTION conversations_append_only_stamp() RETURNS trigger
LANGUAGE plpgsql
SET search_path TO pg_catalog AS $$
BEGIN
  IF ROW(NEW.id, NEW.email, NEW.query, NEW.history, NEW.response_type, NEW.response_narrative, NEW.response_experts, NEW.created_at, NEW.top_match_score, NEW.source)::record *= ROW(OLD.id, OLD.email, OLD.query, OLD.history, OLD.response_type, OLD.response_narrative, OLD.response_experts, OLD.created_at, OLD.top_match_score, OLD.source)::record
    AND (NOT OLD.gap_resolved AND NEW.gap_resolved)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of conversations are never changed, except that gap_resolved is set once'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

ALTER TABLE conversations ADD COLUMN top_match_score double precision
    CONSTRAINT conversations_top_match_score_check CHECK (top_match_score > '-Infinity' AND top_match_score < 'Infinity');

ALTER TABLE conversations ADD COLUMN gap_resolved boolean DEFAULT false NOT NULL;

ALTER TABLE conversations ADD COLUMN source text COLLATE "C"
    CONSTRAINT conversations_source_check CHECK (char_length(source) BETWEEN 1 AND 100);

CREATE INDEX conversations_open_gaps_idx ON conversations (created_at, id) WHERE response_type = 'clarification' AND NOT gap_resolved;

CREATE TRIGGER conversations_append_only_update BEFORE UPDATE ON conversations
  FOR EACH ROW
  EXECUTE FUNCTION conversations_append_only_stamp();

ALTER TABLE conversations ENABLE ALWAYS TRIGGER conversations_append_only_update;
