-- undoes 0002_generated_columns

DROP TRIGGER record_changes_id_generated_update;

DROP TRIGGER record_changes_id_generated_insert;
