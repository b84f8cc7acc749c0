-- undoes 0002_guarantees

DROP TRIGGER jobs_audited_update;

DROP TRIGGER jobs_audited_insert;

DROP TRIGGER jobs_audited_delete;

DROP TABLE job_changes;
DROP TABLE job_changes_ledger_entries;
DROP TABLE job_changes_ledger_tree;
DROP TABLE job_changes_ledger_blocks;
DROP TABLE job_changes_ledger_head;
