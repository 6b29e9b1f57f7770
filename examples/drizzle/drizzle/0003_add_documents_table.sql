CREATE TYPE "public"."np_document_status" AS ENUM('draft', 'in_review', 'published');--> statement-breakpoint
CREATE TABLE "np_collections" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"tenant_id" uuid,
	"parent_id" uuid,
	"name" text NOT NULL,
	"position" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "uq_np_collections_name" UNIQUE NULLS NOT DISTINCT("tenant_id","parent_id","name"),
	CONSTRAINT "ck_np_collections_parent" CHECK ("np_collections"."parent_id" <> "np_collections"."id")
);
--> statement-breakpoint
CREATE TABLE "np_documents" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"tenant_id" uuid NOT NULL,
	"owner_id" uuid NOT NULL,
	"reviewer_id" uuid,
	"collection_id" uuid DEFAULT '00000000-0000-4000-8000-000000000001' NOT NULL,
	"title" text NOT NULL,
	"body" text DEFAULT '' NOT NULL,
	"mime_type" varchar(64) DEFAULT 'text/markdown' NOT NULL,
	"status" "np_document_status" DEFAULT 'draft' NOT NULL,
	"quality" numeric(5, 2),
	"size_bytes" bigint DEFAULT 0 NOT NULL,
	"keywords" text[] DEFAULT '{}'::text[] NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"fts_vector" "tsvector" GENERATED ALWAYS AS (setweight(to_tsvector('english', coalesce(title, '')), 'A') || setweight(to_tsvector('english', coalesce(body, '')), 'B')) STORED,
	"published_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "uq_np_documents_tenant_id" UNIQUE("tenant_id","id"),
	CONSTRAINT "ck_np_documents_title" CHECK (char_length(btrim("np_documents"."title")) BETWEEN 1 AND 300),
	CONSTRAINT "ck_np_documents_mime_type" CHECK ("np_documents"."mime_type" IN ('text/markdown', 'text/html', 'text/plain', 'application/pdf')),
	CONSTRAINT "ck_np_documents_quality" CHECK ("np_documents"."quality" >= 0 AND "np_documents"."quality" <= 100),
	CONSTRAINT "ck_np_documents_size" CHECK ("np_documents"."size_bytes" >= 0)
);
--> statement-breakpoint
ALTER TABLE "np_collections" ADD CONSTRAINT "np_collections_tenant_id_np_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."np_tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_collections" ADD CONSTRAINT "np_collections_parent_id_np_collections_id_fk" FOREIGN KEY ("parent_id") REFERENCES "public"."np_collections"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_documents" ADD CONSTRAINT "np_documents_tenant_id_np_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."np_tenants"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_documents" ADD CONSTRAINT "np_documents_reviewer_id_np_users_id_fk" FOREIGN KEY ("reviewer_id") REFERENCES "public"."np_users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_documents" ADD CONSTRAINT "np_documents_collection_id_np_collections_id_fk" FOREIGN KEY ("collection_id") REFERENCES "public"."np_collections"("id") ON DELETE set default ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_documents" ADD CONSTRAINT "fk_np_documents_owner" FOREIGN KEY ("tenant_id","owner_id") REFERENCES "public"."np_users"("tenant_id","id") ON DELETE no action ON UPDATE cascade;--> statement-breakpoint
CREATE INDEX "idx_np_documents_fts" ON "np_documents" USING gin ("fts_vector");--> statement-breakpoint
CREATE INDEX "idx_np_documents_metadata" ON "np_documents" USING gin ("metadata");--> statement-breakpoint
CREATE INDEX "idx_np_documents_keywords" ON "np_documents" USING gin ("keywords");--> statement-breakpoint
CREATE INDEX "idx_np_documents_title_lower" ON "np_documents" USING btree ("tenant_id",lower("title"));--> statement-breakpoint
CREATE INDEX "idx_np_documents_status" ON "np_documents" USING btree ("status");--> statement-breakpoint
CREATE INDEX "idx_np_documents_live" ON "np_documents" USING btree ("tenant_id","created_at" DESC NULLS LAST) WHERE "np_documents"."deleted_at" IS NULL;