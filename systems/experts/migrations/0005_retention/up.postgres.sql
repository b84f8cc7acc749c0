-- 0005_retention
-- create view expired_leads
-- ashlar: makes view expired_leads

CREATE VIEW expired_leads WITH (security_invoker=true) AS
 SELECT email,
    COALESCE(( SELECT c.created_at
           FROM conversations c
          WHERE c.email = l.email
          ORDER BY c.created_at DESC, c.id DESC
         LIMIT 1), captured_at) AS last_contact
   FROM leads l
  WHERE COALESCE(( SELECT c.created_at
           FROM conversations c
          WHERE c.email = l.email
          ORDER BY c.created_at DESC, c.id DESC
         LIMIT 1), captured_at) <= (((now() AT TIME ZONE 'UTC'::text) - 'P2Y'::interval) AT TIME ZONE 'UTC'::text);
