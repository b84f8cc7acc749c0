-- undoes 0001_initial

DROP TABLE job_rows;

DROP TABLE job_chunks;

DROP TABLE audit_logs;

DROP TABLE jobs;
