-- undoes 0001_initial

DROP TABLE conversations;
DROP FUNCTION conversations_append_only();
DROP FUNCTION conversations_append_only_cascade();

DROP TABLE leads;
