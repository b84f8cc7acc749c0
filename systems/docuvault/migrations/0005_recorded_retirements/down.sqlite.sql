-- undoes 0005_recorded_retirements

DROP TRIGGER audit_log_ledger_head_update;

DROP TRIGGER audit_log_ledger_head_insert;

CREATE TRIGGER audit_log_ledger_head_update BEFORE UPDATE ON audit_log_ledger_head
WHEN ((NEW.size = (SELECT max(size) FROM audit_log_ledger_blocks) AND NEW.size > OLD.size AND NEW.first_provable = OLD.first_provable)
  OR (NEW.id IS OLD.id  AND NEW.size IS OLD.size  AND NEW.frontier IS OLD.frontier  AND NEW.sealed IS OLD.sealed AND NEW.first_provable BETWEEN OLD.first_provable + 1 AND OLD.size)) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_head is written by the ledger only');
END;

CREATE TRIGGER audit_log_ledger_head_insert BEFORE INSERT ON audit_log_ledger_head
WHEN NEW.size <> 0
  OR EXISTS (SELECT 1 FROM audit_log_ledger_head)
  OR EXISTS (SELECT 1 FROM audit_log_ledger_tree)
BEGIN
  SELECT RAISE(ABORT, 'ashlar/ledgered: audit_log_ledger_head is written by the ledger only');
END;

DROP TRIGGER audit_log_ledger_time;
