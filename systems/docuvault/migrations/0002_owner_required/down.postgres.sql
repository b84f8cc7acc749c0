-- undoes 0002_owner_required

ALTER TABLE documents ALTER COLUMN user_id DROP NOT NULL;
