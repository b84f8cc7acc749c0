-- undoes 0001_initial

DROP TABLE consent_records;
DROP FUNCTION consent_records_append_only();
DROP FUNCTION consent_records_append_only_stamp();

DROP TABLE clauses;
DROP FUNCTION clauses_versioned_insert();
DROP FUNCTION clauses_versioned_retire();
DROP FUNCTION clauses_versioned_update();
DROP FUNCTION clauses_versioned_delete();

DROP TABLE audit_logs_default;
DROP TABLE audit_logs;
DROP FUNCTION audit_logs_append_only();
