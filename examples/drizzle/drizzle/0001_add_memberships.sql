CREATE TYPE "public"."np_member_role" AS ENUM('owner', 'admin', 'editor', 'viewer');--> statement-breakpoint
CREATE TABLE "np_memberships" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"tenant_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"invited_by" uuid,
	"role" "np_member_role" DEFAULT 'viewer' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "uq_np_memberships_tenant_user" UNIQUE("tenant_id","user_id"),
	CONSTRAINT "ck_np_memberships_not_self_invited" CHECK ("np_memberships"."invited_by" IS NULL OR "np_memberships"."invited_by" <> "np_memberships"."user_id")
);
--> statement-breakpoint
ALTER TABLE "np_memberships" ADD CONSTRAINT "np_memberships_tenant_id_np_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."np_tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_memberships" ADD CONSTRAINT "np_memberships_user_id_np_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."np_users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_memberships" ADD CONSTRAINT "np_memberships_invited_by_np_users_id_fk" FOREIGN KEY ("invited_by") REFERENCES "public"."np_users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_np_memberships_user" ON "np_memberships" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_np_memberships_owners" ON "np_memberships" USING btree ("tenant_id") WHERE "np_memberships"."role" IN ('owner', 'admin');