-- undoes 0002_guarantees

DROP TRIGGER jobs_audited_truncate ON jobs;

DROP TRIGGER jobs_audited ON jobs;

DROP TABLE job_changes_ledger_entries;
DROP TABLE job_changes_ledger_tree;
DROP TABLE job_changes_ledger_blocks;
DROP TABLE job_changes_ledger_head;
DROP TABLE job_changes;
DROP FUNCTION job_changes_append_only();
DROP FUNCTION job_changes_trail_insert();
DROP FUNCTION job_changes_ledger_entries_append_only();
DROP FUNCTION job_changes_ledger_tree_append_only();
DROP FUNCTION job_changes_ledger_blocks_append_only();
DROP FUNCTION job_changes_ledger_write();
DROP FUNCTION job_changes_ledger_seal();

DROP FUNCTION jobs_audited_truncate();

DROP FUNCTION jobs_audited();
