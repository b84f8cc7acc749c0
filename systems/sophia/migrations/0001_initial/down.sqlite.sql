-- undoes 0001_initial

DROP TABLE voice_profiles;

DROP TABLE voice_materials;

DROP TABLE record_changes;
DROP TABLE record_changes_ledger_entries;
DROP TABLE record_changes_ledger_tree;
DROP TABLE record_changes_ledger_blocks;
DROP TABLE record_changes_ledger_head;

DROP TABLE institutional_knowledge;

DROP TABLE enrichment_log;

DROP TABLE clients;

DROP TABLE audit_log;
DROP TABLE audit_log_ledger_entries;
DROP TABLE audit_log_ledger_tree;
DROP TABLE audit_log_ledger_blocks;
DROP TABLE audit_log_ledger_head;
