-- 0005_retention
-- create view expired_leads
-- ashlar: makes view expired_leads

CREATE VIEW expired_leads AS
SELECT l.email AS email, coalesce(
      (SELECT c.created_at FROM conversations AS c WHERE c.email = l.email ORDER BY c.created_at DESC, c.id DESC LIMIT 1),
      l.captured_at
    ) AS last_contact
  FROM leads AS l
  WHERE coalesce(
      (SELECT c.created_at FROM conversations AS c WHERE c.email = l.email ORDER BY c.created_at DESC, c.id DESC LIMIT 1),
      l.captured_at
    ) <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-24 months', 'floor');
