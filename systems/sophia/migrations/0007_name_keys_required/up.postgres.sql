-- 0007_name_keys_required
-- clients: name_key becomes required
-- clients: add unique clients_name_key_key
--   careful: clients cannot be written while the index of clients_name_key_key is built.
-- clients: add check clients_name_key_check
-- tried without rows: clients, enrichment_log, record_contents, voice_materials, voice_profiles
-- ashlar: makes constraint clients.clients_name_key_key, constraint clients.clients_name_key_check

ALTER TABLE clients ADD CONSTRAINT clients_name_key_present CHECK (name_key IS NOT NULL) NOT VALID;
ALTER TABLE clients VALIDATE CONSTRAINT clients_name_key_present;
ALTER TABLE clients ALTER COLUMN name_key SET NOT NULL;
ALTER TABLE clients DROP CONSTRAINT clients_name_key_present;

ALTER TABLE clients ADD CONSTRAINT clients_name_key_key UNIQUE (name_key);

ALTER TABLE clients ADD CONSTRAINT clients_name_key_check CHECK (char_length(name_key) >= 1 AND octet_length(name_key) <= 2000) NOT VALID;
ALTER TABLE clients VALIDATE CONSTRAINT clients_name_key_check;
