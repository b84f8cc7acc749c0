-- ashlar: rebuild
-- undoes 0001_initial

DROP TABLE consent_records;

DROP TABLE clauses;

DROP TABLE audit_logs;
