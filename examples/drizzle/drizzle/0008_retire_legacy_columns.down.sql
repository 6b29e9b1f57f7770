-- Reverts 0008_retire_legacy_columns.
-- The dropped logins are gone: the column comes back empty, as the last one of
-- its table.  Display names are cut to the old length.
ALTER TABLE "np_users" ADD COLUMN "legacy_login" text;
DROP INDEX "idx_np_documents_tenant_status";
ALTER TABLE "np_users" ALTER COLUMN "display_name" SET DATA TYPE varchar(80) USING left("display_name", 80);
CREATE INDEX "idx_np_documents_status" ON "np_documents" USING btree ("status");
ALTER TABLE "np_users" ADD CONSTRAINT "uq_np_users_legacy_login" UNIQUE("legacy_login");
ALTER TABLE "np_notifications" RENAME COLUMN "body" TO "text";
