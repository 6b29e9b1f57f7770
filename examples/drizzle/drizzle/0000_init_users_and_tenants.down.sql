-- Reverts 0000_init_users_and_tenants.
DROP TABLE "np_users";
DROP TABLE "np_tenants";
DROP TYPE "public"."np_user_status";
