-- undoes 0002_scores_gaps_and_sources

DROP TRIGGER conversations_append_only_update;

DROP INDEX conversations_open_gaps_idx;

ALTER TABLE conversations DROP COLUMN source;

ALTER TABLE conversations DROP COLUMN gap_resolved;

ALTER TABLE conversations DROP COLUMN top_match_score;

CREATE TRIGGER conversations_append_only_update BEFORE UPDATE ON conversations
BEGIN
  SELECT RAISE(ABORT, 'ashlar/append-only: rows of conversations are never changed');
END;
