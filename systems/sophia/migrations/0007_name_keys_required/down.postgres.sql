-- undoes 0007_name_keys_required

ALTER TABLE clients DROP CONSTRAINT clients_name_key_check;

ALTER TABLE clients DROP CONSTRAINT clients_name_key_key;

ALTER TABLE clients ALTER COLUMN name_key DROP NOT NULL;
