-- undoes 0002_guarantees

DROP TRIGGER consent_records_audited_truncate ON consent_records;

DROP TRIGGER consent_records_audited ON consent_records;

DROP TRIGGER clauses_audited_truncate ON clauses;

DROP TRIGGER clauses_audited ON clauses;

DROP TRIGGER audit_logs_ledger_append ON audit_logs;

DROP TABLE record_changes_ledger_entries;
DROP TABLE record_changes_ledger_tree;
DROP TABLE record_changes_ledger_blocks;
DROP TABLE record_changes_ledger_head;
DROP TABLE record_changes;
DROP FUNCTION record_changes_append_only();
DROP FUNCTION record_changes_trail_insert();
DROP FUNCTION record_changes_ledger_entries_append_only();
DROP FUNCTION record_changes_ledger_tree_append_only();
DROP FUNCTION record_changes_ledger_blocks_append_only();
DROP FUNCTION record_changes_ledger_write();
DROP FUNCTION record_changes_ledger_seal();

DROP TABLE audit_logs_ledger_tree;

DROP TABLE audit_logs_ledger_head;

DROP TABLE audit_logs_ledger_entries;

DROP TABLE audit_logs_ledger_blocks;

DROP FUNCTION consent_records_audited_truncate();

DROP FUNCTION consent_records_audited();

DROP FUNCTION clauses_audited_truncate();

DROP FUNCTION clauses_audited();

DROP FUNCTION audit_logs_ledger_write();

DROP FUNCTION audit_logs_ledger_tree_append_only();

DROP FUNCTION audit_logs_ledger_seal();

DROP FUNCTION audit_logs_ledger_entries_append_only();

DROP FUNCTION audit_logs_ledger_blocks_append_only();
