-- 0002_scores_gaps_and_sources
-- conversations: drop trigger conversations_append_only_update
-- conversations: add column top_match_score
-- conversations: add column gap_resolved
-- conversations: add column source
-- conversations: create index conversations_open_gaps_idx
-- conversations: create trigger conversations_append_only_update

DROP TRIGGER conversations_append_only_update;

ALTER TABLE conversations ADD COLUMN top_match_score REAL CONSTRAINT conversations_top_match_score_check CHECK (abs(top_match_score) <= 1.7976931348623157e+308);

ALTER TABLE conversations ADD COLUMN gap_resolved INTEGER NOT NULL DEFAULT 0 CONSTRAINT conversations_gap_resolved_check CHECK (gap_resolved IN (0, 1));

ALTER TABLE conversations ADD COLUMN source TEXT CONSTRAINT conversations_source_check CHECK (length(source) BETWEEN 1 AND 100 AND instr(source, char(0)) = 0);

CREATE INDEX conversations_open_gaps_idx ON conversations (created_at, id) WHERE response_type = 'clarification' AND NOT gap_resolved;

CREATE TRIGGER conversations_append_only_update BEFORE UPDATE ON conversations
WHEN NOT (NEW.rowid IS OLD.rowid
    AND NEW.id IS OLD.id
    AND NEW.email IS OLD.email
    AND NEW.query IS OLD.query
    AND NEW.history IS OLD.history
    AND NEW.response_type IS OLD.response_type
    AND NEW.response_narrative IS OLD.response_narrative
    AND NEW.response_experts IS OLD.response_experts
    AND NEW.created_at IS OLD.created_at
    AND NEW.top_match_score IS OLD.top_match_score
    AND NEW.source IS OLD.source
    AND (NOT OLD.gap_resolved OR NEW.gap_resolved IS OLD.gap_resolved)
    AND ((NOT OLD.gap_resolved AND NEW.gap_resolved)))
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of conversations are never changed, except that gap_resolved is set once');
END;
