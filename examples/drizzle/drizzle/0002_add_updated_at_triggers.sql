-- Custom SQL migration file, put your code below! --
-- Keeps updated_at honest whatever the application sends.
CREATE FUNCTION "np_set_updated_at"() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	-- clock_timestamp() would differ between the rows of one statement;
	-- now() is the time of the transaction.
	NEW.updated_at := now();
	RETURN NEW;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER "np_tenants_set_updated_at"
	BEFORE UPDATE ON "np_tenants"
	FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
	EXECUTE FUNCTION "np_set_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "np_users_set_updated_at"
	BEFORE UPDATE ON "np_users"
	FOR EACH ROW EXECUTE FUNCTION "np_set_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "np_memberships_set_updated_at"
	BEFORE UPDATE ON "np_memberships"
	FOR EACH ROW EXECUTE FUNCTION "np_set_updated_at"();
