-- undoes 0003_generated_columns

DROP TRIGGER conversations_id_generated_update;

DROP TRIGGER conversations_id_generated_insert;
