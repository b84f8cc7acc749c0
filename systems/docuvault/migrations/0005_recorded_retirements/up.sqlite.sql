-- 0005_recorded_retirements
-- audit_log: create trigger audit_log_ledger_time
-- audit_log_ledger_head: drop trigger audit_log_ledger_head_insert
-- audit_log_ledger_head: drop trigger audit_log_ledger_head_update
-- audit_log_ledger_head: create trigger audit_log_ledger_head_insert
-- audit_log_ledger_head: create trigger audit_log_ledger_head_update
-- ashlar: makes trigger audit_log.audit_log_ledger_time

CREATE TRIGGER audit_log_ledger_time BEFORE INSERT ON audit_log
WHEN (NEW.created_at IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  AND NOT EXISTS (SELECT 1 FROM ashlar_test_database)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: only the clock of the database says when a row of audit_log was written');
END;

DROP TRIGGER audit_log_ledger_head_insert;

DROP TRIGGER audit_log_ledger_head_update;

CREATE TRIGGER audit_log_ledger_head_insert BEFORE INSERT ON audit_log_ledger_head
WHEN NEW.size <> 0
  OR NEW.first_provable <> 0
  OR EXISTS (SELECT 1 FROM audit_log_ledger_head)
  OR EXISTS (SELECT 1 FROM audit_log_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_head is written by the ledger only');
END;

CREATE TRIGGER audit_log_ledger_head_update BEFORE UPDATE ON audit_log_ledger_head
WHEN (NEW.size = (SELECT max(size) FROM audit_log_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_head is written by the ledger only');
END;
