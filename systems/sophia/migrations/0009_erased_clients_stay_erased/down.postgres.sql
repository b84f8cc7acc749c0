-- undoes 0009_erased_clients_stay_erased

DROP TRIGGER voice_profiles_of_living_update ON voice_profiles;

DROP TRIGGER voice_profiles_of_living_insert ON voice_profiles;

DROP TRIGGER voice_materials_of_living_update ON voice_materials;

DROP TRIGGER voice_materials_of_living_insert ON voice_materials;

DROP TRIGGER enrichment_log_says_nothing_insert ON enrichment_log;

DROP TRIGGER clients_stays_erased_update ON clients;

DROP TRIGGER clients_stays_erased_delete ON clients;

DROP TRIGGER audit_log_says_nothing_insert ON audit_log;

ALTER TABLE clients DROP CONSTRAINT clients_erased_is_empty;

DROP FUNCTION voice_profiles_of_living();

DROP FUNCTION voice_materials_of_living();

DROP FUNCTION enrichment_log_says_nothing_insert();

DROP FUNCTION clients_stays_erased_update();

DROP FUNCTION clients_stays_erased_delete();

DROP FUNCTION audit_log_says_nothing_insert();
