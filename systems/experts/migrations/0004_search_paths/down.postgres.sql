-- undoes 0004_search_paths

CREATE OR REPLACE FUNCTION conversations_append_only_stamp()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
  IF ROW(NEW.id, NEW.email, NEW.query, NEW.history, NEW.response_type, NEW.response_narrative, NEW.response_experts, NEW.created_at, NEW.top_match_score, NEW.source)::record *= ROW(OLD.id, OLD.email, OLD.query, OLD.history, OLD.response_type, OLD.response_narrative, OLD.response_experts, OLD.created_at, OLD.top_match_score, OLD.source)::record
    AND (NOT OLD.gap_resolved AND NEW.gap_resolved)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of conversations are never changed, except that gap_resolved is set once'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;

CREATE OR REPLACE FUNCTION conversations_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'ashlar/append-only: rows of conversations are never changed'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RAISE EXCEPTION 'ashlar/append-only: rows of conversations are never deleted'
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$function$;
