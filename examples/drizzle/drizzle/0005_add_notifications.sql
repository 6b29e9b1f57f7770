CREATE TYPE "public"."np_notification_priority" AS ENUM('low', 'normal', 'high');--> statement-breakpoint
CREATE TABLE "np_notifications" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"tenant_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"document_id" uuid,
	"channel" varchar(16) DEFAULT 'in_app' NOT NULL,
	"priority" "np_notification_priority" DEFAULT 'normal' NOT NULL,
	"subject" text NOT NULL,
	"text" text NOT NULL,
	"payload" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"is_muted" boolean DEFAULT false NOT NULL,
	"read_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "ck_np_notifications_channel" CHECK ("np_notifications"."channel" IN ('in_app', 'email', 'sms', 'push')),
	CONSTRAINT "ck_np_notifications_attempts" CHECK ("np_notifications"."attempts" BETWEEN 0 AND 10)
);
--> statement-breakpoint
ALTER TABLE "np_notifications" ADD CONSTRAINT "np_notifications_tenant_id_np_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."np_tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_notifications" ADD CONSTRAINT "np_notifications_user_id_np_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."np_users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_notifications" ADD CONSTRAINT "np_notifications_document_id_np_documents_id_fk" FOREIGN KEY ("document_id") REFERENCES "public"."np_documents"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_np_notifications_unread" ON "np_notifications" USING btree ("user_id","created_at" DESC NULLS LAST) WHERE "np_notifications"."read_at" IS NULL AND "np_notifications"."deleted_at" IS NULL;--> statement-breakpoint
CREATE INDEX "idx_np_notifications_kind" ON "np_notifications" USING btree (("payload" ->> 'kind'));--> statement-breakpoint
CREATE INDEX "idx_np_notifications_payload" ON "np_notifications" USING gin ("payload" jsonb_path_ops);