-- undoes 0001_initial

DROP TABLE visits_default;
DROP TABLE visits;
DROP FUNCTION visits_append_only();

DROP TABLE trail_ledger_entries;
DROP TABLE trail_ledger_tree;
DROP TABLE trail_ledger_blocks;
DROP TABLE trail_ledger_head;
DROP TABLE trail_purges;
DROP TABLE trail;
DROP FUNCTION trail_append_only();
DROP FUNCTION trail_trail_insert();
DROP FUNCTION trail_ledger_entries_append_only();
DROP FUNCTION trail_ledger_tree_append_only();
DROP FUNCTION trail_ledger_blocks_append_only();
DROP FUNCTION trail_ledger_leave();
DROP FUNCTION trail_ledger_stamp();
DROP FUNCTION trail_ledger_seal();
DROP FUNCTION trail_purges_append_only();
DROP FUNCTION trail_retained_delete();
DROP FUNCTION trail_retained_update();
DROP FUNCTION trail_retained_truncate();

DROP TABLE letters_ledger_entries;
DROP TABLE letters_ledger_tree;
DROP TABLE letters_ledger_blocks;
DROP TABLE letters_ledger_head;
DROP TABLE letters_purges;
DROP TABLE letters;
DROP FUNCTION letters_append_only();
DROP FUNCTION letters_encrypted_update();
DROP FUNCTION letters_ledger_entries_append_only();
DROP FUNCTION letters_ledger_tree_append_only();
DROP FUNCTION letters_ledger_blocks_append_only();
DROP FUNCTION letters_ledger_leave();
DROP FUNCTION letters_ledger_stamp();
DROP FUNCTION letters_ledger_seal();
DROP FUNCTION letters_audited();
DROP FUNCTION letters_audited_truncate();
DROP FUNCTION letters_purges_append_only();
DROP FUNCTION letters_retained_delete();
DROP FUNCTION letters_retained_update();
DROP FUNCTION letters_retained_truncate();

DROP TABLE holds;
DROP FUNCTION holds_append_only();
DROP FUNCTION holds_append_only_stamp();

DROP TABLE folders;
DROP FUNCTION folders_parent_id_acyclic_lock();
DROP FUNCTION folders_parent_id_acyclic();
DROP FUNCTION folders_audited();
DROP FUNCTION folders_audited_truncate();

DROP TABLE dossiers;
DROP FUNCTION dossiers_versioned_insert();
DROP FUNCTION dossiers_versioned_retire();
DROP FUNCTION dossiers_versioned_update();
DROP FUNCTION dossiers_versioned_delete();

DROP TABLE data_keys;
DROP FUNCTION data_keys_keyring_insert();
DROP FUNCTION data_keys_keyring_update();
DROP FUNCTION data_keys_keyring_delete();
DROP FUNCTION data_keys_audited();
DROP FUNCTION data_keys_audited_truncate();

DROP TABLE clients;
DROP FUNCTION clients_updated_at_touched();
DROP FUNCTION clients_encrypted_update();
DROP FUNCTION clients_status_lifecycle();
DROP FUNCTION clients_audited();
DROP FUNCTION clients_audited_truncate();
