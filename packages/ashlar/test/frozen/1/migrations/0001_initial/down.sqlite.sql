-- ashlar: rebuild
-- undoes 0001_initial

DROP TABLE visits;

DROP TABLE trail;
DROP TABLE trail_ledger_entries;
DROP TABLE trail_ledger_tree;
DROP TABLE trail_ledger_blocks;
DROP TABLE trail_ledger_head;
DROP TABLE trail_purges;

DROP TABLE letters;
DROP TABLE letters_ledger_entries;
DROP TABLE letters_ledger_tree;
DROP TABLE letters_ledger_blocks;
DROP TABLE letters_ledger_head;
DROP TABLE letters_purges;

DROP TABLE holds;

DROP TABLE folders;

DROP TABLE dossiers;

DROP TABLE data_keys;

DROP TABLE clients;
