-- undoes 0001_initial

DROP TABLE shares;

DROP TABLE refresh_tokens;

DROP TABLE quotas;

DROP TABLE groups;

DROP TABLE document_topics;

DROP TABLE topics;

DROP TABLE documents;

DROP TABLE folders;
DROP FUNCTION folders_parent_id_acyclic_lock();
DROP FUNCTION folders_parent_id_acyclic();

DROP TABLE data_keys;
DROP FUNCTION data_keys_keyring_insert();
DROP FUNCTION data_keys_keyring_update();
DROP FUNCTION data_keys_keyring_delete();

DROP TABLE cloud_connections;
DROP FUNCTION cloud_connections_encrypted_update();

DROP TABLE users;
DROP FUNCTION users_encrypted_update();

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
