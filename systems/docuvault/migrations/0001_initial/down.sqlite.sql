-- ashlar: rebuild
-- undoes 0001_initial

DROP TABLE shares;

DROP TABLE refresh_tokens;

DROP TABLE quotas;

DROP TABLE groups;

DROP TABLE document_topics;

DROP TABLE topics;

DROP TABLE documents;

DROP TABLE folders;

DROP TABLE data_keys;

DROP TABLE cloud_connections;

DROP TABLE users;

DROP TABLE audit_log;
DROP TABLE audit_log_ledger_entries;
DROP TABLE audit_log_ledger_tree;
DROP TABLE audit_log_ledger_blocks;
DROP TABLE audit_log_ledger_head;
