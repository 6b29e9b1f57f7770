-- Reverts 0003_add_documents_table.
DROP TABLE "np_documents";
DROP TABLE "np_collections";
DROP TYPE "public"."np_document_status";
