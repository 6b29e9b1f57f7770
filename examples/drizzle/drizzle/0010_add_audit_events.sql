CREATE TABLE "np_audit_events" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"seq" bigint GENERATED ALWAYS AS IDENTITY (sequence name "np_audit_events_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"source_account_id" text DEFAULT 'primary' NOT NULL,
	"tenant_id" uuid,
	"actor_id" uuid,
	"action" text NOT NULL,
	"subject_table" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"changes" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"client_addr" "inet",
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "uq_np_audit_events_seq" UNIQUE("seq"),
	CONSTRAINT "ck_np_audit_events_action" CHECK ("np_audit_events"."action" IN ('create', 'update', 'delete', 'login'))
);
--> statement-breakpoint
ALTER TABLE "np_audit_events" ADD CONSTRAINT "np_audit_events_tenant_id_np_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."np_tenants"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "np_audit_events" ADD CONSTRAINT "np_audit_events_actor_id_np_users_id_fk" FOREIGN KEY ("actor_id") REFERENCES "public"."np_users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_np_audit_events_subject" ON "np_audit_events" USING btree ("subject_table","subject_id","seq" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "idx_np_audit_events_changes" ON "np_audit_events" USING gin ("changes");--> statement-breakpoint
CREATE INDEX "idx_np_audit_events_day" ON "np_audit_events" USING btree ("tenant_id",date_trunc('day', "created_at" AT TIME ZONE 'UTC'));