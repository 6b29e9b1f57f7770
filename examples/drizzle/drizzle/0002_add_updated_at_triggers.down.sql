-- Reverts 0002_add_updated_at_triggers.
DROP TRIGGER "np_memberships_set_updated_at" ON "np_memberships";
DROP TRIGGER "np_users_set_updated_at" ON "np_users";
DROP TRIGGER "np_tenants_set_updated_at" ON "np_tenants";
DROP FUNCTION "np_set_updated_at"();
