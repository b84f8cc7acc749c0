-- undoes 0001_initial

DROP TABLE voice_profiles;
DROP FUNCTION voice_profiles_audited();
DROP FUNCTION voice_profiles_audited_truncate();

DROP TABLE voice_materials;
DROP FUNCTION voice_materials_audited();
DROP FUNCTION voice_materials_audited_truncate();

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
DROP FUNCTION record_changes_ledger_stamp();
DROP FUNCTION record_changes_ledger_seal();

DROP TABLE institutional_knowledge;
DROP FUNCTION institutional_knowledge_names_no_client();

DROP TABLE enrichment_log;
DROP FUNCTION enrichment_log_append_only();

DROP TABLE clients;
DROP FUNCTION clients_audited();
DROP FUNCTION clients_audited_truncate();
DROP FUNCTION clients_named_nowhere();

DROP TABLE audit_log_ledger_entries;
DROP TABLE audit_log_ledger_tree;
DROP TABLE audit_log_ledger_blocks;
DROP TABLE audit_log_ledger_head;
DROP TABLE audit_log;
DROP FUNCTION audit_log_append_only();
DROP FUNCTION audit_log_ledger_entries_append_only();
DROP FUNCTION audit_log_ledger_tree_append_only();
DROP FUNCTION audit_log_ledger_blocks_append_only();
DROP FUNCTION audit_log_ledger_stamp();
DROP FUNCTION audit_log_ledger_seal();
