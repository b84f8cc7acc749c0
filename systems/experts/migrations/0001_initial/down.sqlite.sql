-- undoes 0001_initial

DROP TABLE conversations;

DROP TABLE leads;
