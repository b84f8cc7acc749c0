-- 0004_recorded_retirements
-- audit_log: create trigger audit_log_ledger_time
-- audit_log_ledger_head: drop trigger audit_log_ledger_head_insert
-- audit_log_ledger_head: drop trigger audit_log_ledger_head_update
-- audit_log_ledger_head: create trigger audit_log_ledger_head_insert
-- audit_log_ledger_head: create trigger audit_log_ledger_head_update
-- record_changes: create trigger record_changes_ledger_time
-- record_changes_ledger_head: drop trigger record_changes_ledger_head_insert
-- record_changes_ledger_head: drop trigger record_changes_ledger_head_update
-- record_changes_ledger_head: create trigger record_changes_ledger_head_insert
-- record_changes_ledger_head: create trigger record_changes_ledger_head_update
-- tried without rows: record_changes
-- ashlar: makes trigger audit_log.audit_log_ledger_time, trigger record_changes.record_changes_ledger_time

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

CREATE TRIGGER record_changes_ledger_time BEFORE INSERT ON record_changes
WHEN (NEW.at IS NOT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
  AND NOT EXISTS (SELECT 1 FROM ashlar_test_database)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: only the clock of the database says when a row of record_changes was written');
END;

DROP TRIGGER record_changes_ledger_head_insert;

DROP TRIGGER record_changes_ledger_head_update;

CREATE TRIGGER record_changes_ledger_head_insert BEFORE INSERT ON record_changes_ledger_head
WHEN NEW.size <> 0
  OR NEW.first_provable <> 0
  OR EXISTS (SELECT 1 FROM record_changes_ledger_head)
  OR EXISTS (SELECT 1 FROM record_changes_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_head is written by the ledger only');
END;

CREATE TRIGGER record_changes_ledger_head_update BEFORE UPDATE ON record_changes_ledger_head
WHEN (NEW.size = (SELECT max(size) FROM record_changes_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: record_changes_ledger_head is written by the ledger only');
END;
