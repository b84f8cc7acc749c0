-- ashlar: no-transaction
-- 0002_owner_required
-- documents: user_id becomes required
-- Each statement is its own transaction: in a single one, the lock of the first statement would block all other access
-- while VALIDATE reads the table. SET NOT NULL relies on the validated check. VALIDATE fails where a document has no
-- owner; the check then stays, so that no further document can lose its owner. Give those documents an owner, and run
-- the step again.

ALTER TABLE documents DROP CONSTRAINT IF EXISTS documents_user_id_present;
ALTER TABLE documents ADD CONSTRAINT documents_user_id_present CHECK (user_id IS NOT NULL) NOT VALID;
ALTER TABLE documents VALIDATE CONSTRAINT documents_user_id_present;
ALTER TABLE documents ALTER COLUMN user_id SET NOT NULL;
ALTER TABLE documents DROP CONSTRAINT documents_user_id_present;
