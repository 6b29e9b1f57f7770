-- Reverts 0005_add_notifications.
DROP TABLE "np_notifications";
DROP TYPE "public"."np_notification_priority";
