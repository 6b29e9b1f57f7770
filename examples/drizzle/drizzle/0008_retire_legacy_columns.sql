ALTER TABLE "np_notifications" RENAME COLUMN "text" TO "body";--> statement-breakpoint
ALTER TABLE "np_users" DROP CONSTRAINT "uq_np_users_legacy_login";--> statement-breakpoint
DROP INDEX "idx_np_documents_status";--> statement-breakpoint
ALTER TABLE "np_users" ALTER COLUMN "display_name" SET DATA TYPE varchar(160);--> statement-breakpoint
CREATE INDEX "idx_np_documents_tenant_status" ON "np_documents" USING btree ("tenant_id","status");--> statement-breakpoint
ALTER TABLE "np_users" DROP COLUMN "legacy_login";