-- undoes 0005_recorded_retirements

DROP TRIGGER job_changes_ledger_head_update;

DROP TRIGGER job_changes_ledger_head_insert;

CREATE TRIGGER job_changes_ledger_head_update BEFORE UPDATE ON job_changes_ledger_head
WHEN ((NEW.size = (SELECT max(size) FROM job_changes_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable)
  OR (NEW.id IS OLD.id  AND NEW.size IS OLD.size  AND NEW.frontier IS OLD.frontier  AND NEW.sealed IS OLD.sealed AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_head is written by the ledger only');
END;

CREATE TRIGGER job_changes_ledger_head_insert BEFORE INSERT ON job_changes_ledger_head
WHEN NEW.size <> 0
  OR EXISTS (SELECT 1 FROM job_changes_ledger_head)
  OR EXISTS (SELECT 1 FROM job_changes_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: job_changes_ledger_head is written by the ledger only');
END;

DROP TRIGGER job_changes_ledger_time;
