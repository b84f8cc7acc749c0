-- undoes 0005_retention

DROP VIEW expired_leads;
