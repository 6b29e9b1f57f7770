-- Custom SQL migration file, put your code below! --
-- The tables that came after 0002.
CREATE TRIGGER "np_collections_set_updated_at"
	BEFORE UPDATE ON "np_collections"
	FOR EACH ROW EXECUTE FUNCTION "np_set_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "np_documents_set_updated_at"
	BEFORE UPDATE ON "np_documents"
	FOR EACH ROW EXECUTE FUNCTION "np_set_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "np_tags_set_updated_at"
	BEFORE UPDATE OF "name", "color" ON "np_tags"
	FOR EACH ROW EXECUTE FUNCTION "np_set_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "np_notifications_set_updated_at"
	BEFORE UPDATE ON "np_notifications"
	FOR EACH ROW EXECUTE FUNCTION "np_set_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "np_invoices_set_updated_at"
	BEFORE UPDATE ON "np_billing"."np_invoices"
	FOR EACH ROW EXECUTE FUNCTION "np_set_updated_at"();
