-- undoes 0002_scores_gaps_and_sources

DROP TRIGGER conversations_append_only_update ON conversations;

DROP INDEX conversations_open_gaps_idx;

ALTER TABLE conversations DROP COLUMN source;

ALTER TABLE conversations DROP COLUMN gap_resolved;

ALTER TABLE conversations DROP COLUMN top_match_score;

DROP FUNCTION conversations_append_only_stamp();

CREATE TRIGGER conversations_append_only_update BEFORE UPDATE ON conversations FOR EACH ROW EXECUTE FUNCTION conversations_append_only();
ALTER TABLE conversations ENABLE ALWAYS TRIGGER conversations_append_only_update;
