-- undoes 0001_initial

DROP TABLE job_rows;
DROP FUNCTION job_rows_status_lifecycle();

DROP TABLE job_chunks;

DROP TABLE audit_logs;
DROP FUNCTION audit_logs_append_only();
DROP FUNCTION audit_logs_append_only_cascade();

DROP TABLE jobs;
DROP FUNCTION jobs_status_lifecycle();
