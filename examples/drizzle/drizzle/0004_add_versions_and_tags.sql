CREATE TABLE "np_document_tags" (
	"document_id" uuid NOT NULL,
	"tag_id" uuid NOT NULL,
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"tenant_id" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pk_np_document_tags" PRIMARY KEY("document_id","tag_id")
);
--> statement-breakpoint
CREATE TABLE "np_document_versions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"edited_by" uuid,
	"body" text NOT NULL,
	"diff" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "uq_np_document_versions_number" UNIQUE("document_id","version"),
	CONSTRAINT "ck_np_document_versions_number" CHECK ("np_document_versions"."version" >= 1)
);
--> statement-breakpoint
CREATE TABLE "np_tags" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"tenant_id" uuid NOT NULL,
	"name" text NOT NULL,
	"color" varchar(7) DEFAULT '#808080' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "ck_np_tags_color" CHECK ("np_tags"."color" ~ '^#[0-9a-f]{6}$')
);
--> statement-breakpoint
ALTER TABLE "np_document_tags" ADD CONSTRAINT "np_document_tags_document_id_np_documents_id_fk" FOREIGN KEY ("document_id") REFERENCES "public"."np_documents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_document_tags" ADD CONSTRAINT "np_document_tags_tag_id_np_tags_id_fk" FOREIGN KEY ("tag_id") REFERENCES "public"."np_tags"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_document_versions" ADD CONSTRAINT "np_document_versions_edited_by_np_users_id_fk" FOREIGN KEY ("edited_by") REFERENCES "public"."np_users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_document_versions" ADD CONSTRAINT "fk_np_document_versions_document" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."np_documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_tags" ADD CONSTRAINT "np_tags_tenant_id_np_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."np_tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_np_document_tags_tag" ON "np_document_tags" USING btree ("tag_id");--> statement-breakpoint
CREATE UNIQUE INDEX "uq_np_tags_name" ON "np_tags" USING btree ("tenant_id",lower("name"));