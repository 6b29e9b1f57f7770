-- Reverts 0006_add_archived_document_status.
-- PostgreSQL cannot remove a value from an enum, so the type is made anew
-- without it.  Documents that are archived become published.
ALTER TABLE "np_documents" ALTER COLUMN "status" DROP DEFAULT;
ALTER TYPE "public"."np_document_status" RENAME TO "np_document_status_old";
CREATE TYPE "public"."np_document_status" AS ENUM('draft', 'in_review', 'published');
ALTER TABLE "np_documents" ALTER COLUMN "status"
	SET DATA TYPE "public"."np_document_status"
	USING (CASE "status"::text WHEN 'archived' THEN 'published' ELSE "status"::text END)::"public"."np_document_status";
ALTER TABLE "np_documents" ALTER COLUMN "status" SET DEFAULT 'draft';
DROP TYPE "public"."np_document_status_old";
