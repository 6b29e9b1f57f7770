CREATE TYPE "public"."np_user_status" AS ENUM('invited', 'active', 'suspended');--> statement-breakpoint
CREATE TABLE "np_tenants" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"plan" varchar(32) DEFAULT 'free' NOT NULL,
	"seats" integer DEFAULT 5 NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "uq_np_tenants_account_slug" UNIQUE("source_account_id","slug"),
	CONSTRAINT "ck_np_tenants_plan" CHECK ("np_tenants"."plan" IN ('free', 'team', 'enterprise')),
	CONSTRAINT "ck_np_tenants_seats" CHECK ("np_tenants"."seats" > 0),
	CONSTRAINT "ck_np_tenants_slug" CHECK ("np_tenants"."slug" ~ '^[a-z0-9-]+$')
);
--> statement-breakpoint
CREATE TABLE "np_users" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"tenant_id" uuid NOT NULL,
	"email" text NOT NULL,
	"display_name" varchar(80) NOT NULL,
	"legacy_login" text,
	"status" "np_user_status" DEFAULT 'invited' NOT NULL,
	"locale" varchar(5) DEFAULT 'en' NOT NULL,
	"scopes" text[] DEFAULT '{}'::text[] NOT NULL,
	"profile" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"last_seen_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "uq_np_users_legacy_login" UNIQUE("legacy_login"),
	CONSTRAINT "uq_np_users_tenant_id" UNIQUE("tenant_id","id"),
	CONSTRAINT "ck_np_users_email" CHECK (position('@' in "np_users"."email") > 1),
	CONSTRAINT "ck_np_users_locale" CHECK ("np_users"."locale" IN ('en', 'de', 'fr', 'es', 'pt-BR'))
);
--> statement-breakpoint
ALTER TABLE "np_users" ADD CONSTRAINT "np_users_tenant_id_np_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."np_tenants"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "uq_np_users_email_live" ON "np_users" USING btree ("source_account_id",lower("email")) WHERE "np_users"."deleted_at" IS NULL;--> statement-breakpoint
CREATE INDEX "idx_np_users_active" ON "np_users" USING btree ("tenant_id","last_seen_at" DESC NULLS LAST) WHERE "np_users"."status" = 'active';--> statement-breakpoint
CREATE INDEX "idx_np_users_profile" ON "np_users" USING gin ("profile" jsonb_path_ops);