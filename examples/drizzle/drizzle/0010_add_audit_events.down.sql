-- Reverts 0010_add_audit_events.
DROP TABLE "np_audit_events";
