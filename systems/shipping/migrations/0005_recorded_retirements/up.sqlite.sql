-- 0005_recorded_retirements
-- job_changes: create trigger job_changes_ledger_time
-- job_changes_ledger_head: drop trigger job_changes_ledger_head_insert
-- job_changes_ledger_head: drop trigger job_changes_ledger_head_update
-- job_changes_ledger_head: create trigger job_changes_ledger_head_insert
-- job_changes_ledger_head: create trigger job_changes_ledger_head_update
-- tried without rows: job_changes
-- ashlar: makes trigger job_changes.job_changes_ledger_time

CREATE TRIGGER job_changes_ledger_time BEFORE INSERT ON job_changes
WHEN (NEW.at IS NOT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
  AND NOT EXISTS (SELECT 1 FROM ashlar_test_database)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: only the clock of the database says when a row of job_changes was written');
END;

DROP TRIGGER job_changes_ledger_head_insert;

DROP TRIGGER job_changes_ledger_head_update;

CREATE TRIGGER job_changes_ledger_head_insert BEFORE INSERT ON job_changes_ledger_head
WHEN NEW.size <> 0
  OR NEW.first_provable <> 0
  OR EXISTS (SELECT 1 FROM job_changes_ledger_head)
  OR EXISTS (SELECT 1 FROM job_changes_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_head is written by the ledger only');
END;

CREATE TRIGGER job_changes_ledger_head_update BEFORE UPDATE ON job_changes_ledger_head
WHEN (NEW.size = (SELECT max(size) FROM job_changes_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_head is written by the ledger only');
END;
