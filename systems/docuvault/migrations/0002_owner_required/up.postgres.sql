-- ashlar: no-transaction
-- 0002_owner_required
-- documents: user_id becomes required
-- Each statement is a transaction of its own: in one for all, the first one's lock would keep everybody out while VALIDATE
-- reads the table. SET NOT NULL trusts the check that holds. Where a document has no owner VALIDATE fails; the check then
-- stays, so that no other can lose its own, and once they are mended the step is run again.

ALTER TABLE documents DROP CONSTRAINT IF EXISTS documents_user_id_present;
ALTER TABLE documents ADD CONSTRAINT documents_user_id_present CHECK (user_id IS NOT NULL) NOT VALID;
ALTER TABLE documents VALIDATE CONSTRAINT documents_user_id_present;
ALTER TABLE documents ALTER COLUMN user_id SET NOT NULL;
ALTER TABLE documents DROP CONSTRAINT documents_user_id_present;
