-- Reverts 0004_add_versions_and_tags.
DROP TABLE "np_document_tags";
DROP TABLE "np_document_versions";
DROP TABLE "np_tags";
