-- Reverts 0001_add_memberships.
DROP TABLE "np_memberships";
DROP TYPE "public"."np_member_role";
