-- undoes 0002_guarantees

DROP TRIGGER consent_records_audited_update;

DROP TRIGGER consent_records_audited_insert;

DROP TRIGGER consent_records_audited_delete;

DROP TRIGGER clauses_audited_update;

DROP TRIGGER clauses_audited_insert;

DROP TRIGGER clauses_audited_delete;

DROP TRIGGER audit_logs_ledger_append;

DROP TABLE record_changes;
DROP TABLE record_changes_ledger_entries;
DROP TABLE record_changes_ledger_tree;
DROP TABLE record_changes_ledger_blocks;
DROP TABLE record_changes_ledger_head;

DROP TABLE audit_logs_ledger_tree;

DROP TABLE audit_logs_ledger_head;

DROP TABLE audit_logs_ledger_entries;

DROP TABLE audit_logs_ledger_blocks;
