-- Reverts 0007_add_billing_invoices.
DROP TABLE "np_billing"."np_invoices";
DROP TYPE "np_billing"."np_invoice_status";
DROP SCHEMA "np_billing";
