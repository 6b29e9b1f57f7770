-- Reverts 0009_add_more_updated_at_triggers.
DROP TRIGGER "np_invoices_set_updated_at" ON "np_billing"."np_invoices";
DROP TRIGGER "np_notifications_set_updated_at" ON "np_notifications";
DROP TRIGGER "np_tags_set_updated_at" ON "np_tags";
DROP TRIGGER "np_documents_set_updated_at" ON "np_documents";
DROP TRIGGER "np_collections_set_updated_at" ON "np_collections";
