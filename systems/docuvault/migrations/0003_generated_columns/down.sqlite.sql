-- undoes 0003_generated_columns

DROP TRIGGER audit_log_id_generated_update;

DROP TRIGGER audit_log_id_generated_insert;
