-- undoes 0003_generated_columns

DROP TRIGGER job_changes_id_generated_update;

DROP TRIGGER job_changes_id_generated_insert;
