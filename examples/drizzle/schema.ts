// The schema of a small nSelf application, as Drizzle sees it.
//
// Two conventions hold everywhere:
//   source_account_id  which application of the deployment owns the row;
//   tenant_id          which customer owns the row.
//
// The trigger function np_set_updated_at() and its triggers are not part of
// this file: Drizzle has no notation for them.  They live in the two custom
// migrations, 0002 and 0009.

import { relations, sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  foreignKey,
  index,
  inet,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgSchema,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';

// ---------------------------------------------------------------- helpers

const tsvector = customType<{ data: string }>({
  dataType: () => 'tsvector',
});

const id = () => uuid('id').primaryKey().default(sql`gen_random_uuid()`);

const sourceAccountId = () =>
  text('source_account_id').notNull().default('primary');

const createdAt = () =>
  timestamp('created_at', { withTimezone: true }).notNull().defaultNow();

const updatedAt = () =>
  timestamp('updated_at', { withTimezone: true }).notNull().defaultNow();

const deletedAt = () => timestamp('deleted_at', { withTimezone: true });

/** The collection that adopts documents whose own collection is deleted. */
export const INBOX_COLLECTION_ID = '00000000-0000-4000-8000-000000000001';

// ------------------------------------------------------------------ enums

export const npUserStatus = pgEnum('np_user_status', [
  'invited',
  'active',
  'suspended',
]);

export const npMemberRole = pgEnum('np_member_role', [
  'owner',
  'admin',
  'editor',
  'viewer',
]);

export const npDocumentStatus = pgEnum('np_document_status', [
  'draft',
  'in_review',
  'published',
  'archived',
]);

export const npNotificationPriority = pgEnum('np_notification_priority', [
  'low',
  'normal',
  'high',
]);

// ------------------------------------------------------ tenants and users

export const npTenants = pgTable(
  'np_tenants',
  {
    id: id(),
    sourceAccountId: sourceAccountId(),
    slug: text('slug').notNull(),
    name: text('name').notNull(),
    plan: varchar('plan', { length: 32 }).notNull().default('free'),
    seats: integer('seats').notNull().default(5),
    settings: jsonb('settings').notNull().default({}),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: deletedAt(),
  },
  (t) => [
    unique('uq_np_tenants_account_slug').on(t.sourceAccountId, t.slug),
    check('ck_np_tenants_plan', sql`${t.plan} IN ('free', 'team', 'enterprise')`),
    check('ck_np_tenants_seats', sql`${t.seats} > 0`),
    check('ck_np_tenants_slug', sql`${t.slug} ~ '^[a-z0-9-]+$'`),
  ],
);

export const npUsers = pgTable(
  'np_users',
  {
    id: id(),
    sourceAccountId: sourceAccountId(),
    tenantId: uuid('tenant_id')
      .notNull()
      .references(() => npTenants.id, { onDelete: 'restrict' }),
    email: text('email').notNull(),
    displayName: varchar('display_name', { length: 160 }).notNull(),
    status: npUserStatus('status').notNull().default('invited'),
    locale: varchar('locale', { length: 5 }).notNull().default('en'),
    scopes: text('scopes').array().notNull().default(sql`'{}'::text[]`),
    profile: jsonb('profile').notNull().default({}),
    lastSeenAt: timestamp('last_seen_at', { withTimezone: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: deletedAt(),
  },
  (t) => [
    // Target of the composite foreign keys that keep a row in its tenant.
    unique('uq_np_users_tenant_id').on(t.tenantId, t.id),
    uniqueIndex('uq_np_users_email_live')
      .on(t.sourceAccountId, sql`lower(${t.email})`)
      .where(sql`${t.deletedAt} IS NULL`),
    index('idx_np_users_active')
      .on(t.tenantId, t.lastSeenAt.desc().nullsLast())
      .where(sql`${t.status} = 'active'`),
    index('idx_np_users_profile').using('gin', t.profile.op('jsonb_path_ops')),
    check('ck_np_users_email', sql`position('@' in ${t.email}) > 1`),
    check('ck_np_users_locale', sql`${t.locale} IN ('en', 'de', 'fr', 'es', 'pt-BR')`),
  ],
);

export const npMemberships = pgTable(
  'np_memberships',
  {
    id: id(),
    sourceAccountId: sourceAccountId(),
    tenantId: uuid('tenant_id')
      .notNull()
      .references(() => npTenants.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => npUsers.id, { onDelete: 'cascade' }),
    invitedBy: uuid('invited_by').references(() => npUsers.id, {
      onDelete: 'set null',
    }),
    role: npMemberRole('role').notNull().default('viewer'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique('uq_np_memberships_tenant_user').on(t.tenantId, t.userId),
    index('idx_np_memberships_user').on(t.userId),
    index('idx_np_memberships_owners')
      .on(t.tenantId)
      .where(sql`${t.role} IN ('owner', 'admin')`),
    check(
      'ck_np_memberships_not_self_invited',
      sql`${t.invitedBy} IS NULL OR ${t.invitedBy} <> ${t.userId}`,
    ),
  ],
);

// -------------------------------------------------------------- documents

export const npCollections = pgTable(
  'np_collections',
  {
    id: id(),
    sourceAccountId: sourceAccountId(),
    // NULL for the collections that belong to the whole deployment.
    tenantId: uuid('tenant_id').references(() => npTenants.id, {
      onDelete: 'cascade',
    }),
    parentId: uuid('parent_id').references((): AnyPgColumn => npCollections.id, {
      onDelete: 'no action',
    }),
    name: text('name').notNull(),
    position: integer('position').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique('uq_np_collections_name')
      .on(t.tenantId, t.parentId, t.name)
      .nullsNotDistinct(),
    check('ck_np_collections_parent', sql`${t.parentId} <> ${t.id}`),
  ],
);

export const npDocuments = pgTable(
  'np_documents',
  {
    id: id(),
    sourceAccountId: sourceAccountId(),
    tenantId: uuid('tenant_id')
      .notNull()
      .references(() => npTenants.id, { onDelete: 'restrict' }),
    ownerId: uuid('owner_id').notNull(),
    reviewerId: uuid('reviewer_id').references(() => npUsers.id, {
      onDelete: 'set null',
    }),
    collectionId: uuid('collection_id')
      .notNull()
      .default(INBOX_COLLECTION_ID)
      .references(() => npCollections.id, { onDelete: 'set default' }),
    title: text('title').notNull(),
    body: text('body').notNull().default(''),
    mimeType: varchar('mime_type', { length: 64 }).notNull().default('text/markdown'),
    status: npDocumentStatus('status').notNull().default('draft'),
    quality: numeric('quality', { precision: 5, scale: 2 }),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull().default(0),
    keywords: text('keywords').array().notNull().default(sql`'{}'::text[]`),
    metadata: jsonb('metadata').notNull().default({}),
    ftsVector: tsvector('fts_vector').generatedAlwaysAs(
      sql`setweight(to_tsvector('english', coalesce(title, '')), 'A') || setweight(to_tsvector('english', coalesce(body, '')), 'B')`,
    ),
    publishedAt: timestamp('published_at', { withTimezone: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: deletedAt(),
  },
  (t) => [
    // The owner is a user of the document's own tenant.
    foreignKey({
      name: 'fk_np_documents_owner',
      columns: [t.tenantId, t.ownerId],
      foreignColumns: [npUsers.tenantId, npUsers.id],
    })
      .onUpdate('cascade')
      .onDelete('no action'),
    // Target of the composite foreign key of np_document_versions.
    unique('uq_np_documents_tenant_id').on(t.tenantId, t.id),
    index('idx_np_documents_fts').using('gin', t.ftsVector),
    index('idx_np_documents_metadata').using('gin', t.metadata),
    index('idx_np_documents_keywords').using('gin', t.keywords),
    index('idx_np_documents_title_lower').on(t.tenantId, sql`lower(${t.title})`),
    index('idx_np_documents_tenant_status').on(t.tenantId, t.status),
    index('idx_np_documents_live')
      .on(t.tenantId, t.createdAt.desc().nullsLast())
      .where(sql`${t.deletedAt} IS NULL`),
    check('ck_np_documents_title', sql`char_length(btrim(${t.title})) BETWEEN 1 AND 300`),
    check(
      'ck_np_documents_mime_type',
      sql`${t.mimeType} IN ('text/markdown', 'text/html', 'text/plain', 'application/pdf')`,
    ),
    check('ck_np_documents_quality', sql`${t.quality} >= 0 AND ${t.quality} <= 100`),
    check('ck_np_documents_size', sql`${t.sizeBytes} >= 0`),
  ],
);

export const npDocumentVersions = pgTable(
  'np_document_versions',
  {
    id: id(),
    sourceAccountId: sourceAccountId(),
    tenantId: uuid('tenant_id').notNull(),
    documentId: uuid('document_id').notNull(),
    version: integer('version').notNull(),
    editedBy: uuid('edited_by').references(() => npUsers.id, {
      onDelete: 'set null',
    }),
    body: text('body').notNull(),
    diff: jsonb('diff'),
    createdAt: createdAt(),
  },
  (t) => [
    foreignKey({
      name: 'fk_np_document_versions_document',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [npDocuments.tenantId, npDocuments.id],
    }).onDelete('cascade'),
    unique('uq_np_document_versions_number').on(t.documentId, t.version),
    check('ck_np_document_versions_number', sql`${t.version} >= 1`),
  ],
);

export const npTags = pgTable(
  'np_tags',
  {
    id: id(),
    sourceAccountId: sourceAccountId(),
    tenantId: uuid('tenant_id')
      .notNull()
      .references(() => npTenants.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    color: varchar('color', { length: 7 }).notNull().default('#808080'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    uniqueIndex('uq_np_tags_name').on(t.tenantId, sql`lower(${t.name})`),
    check('ck_np_tags_color', sql`${t.color} ~ '^#[0-9a-f]{6}$'`),
  ],
);

export const npDocumentTags = pgTable(
  'np_document_tags',
  {
    documentId: uuid('document_id')
      .notNull()
      .references(() => npDocuments.id, { onDelete: 'cascade' }),
    tagId: uuid('tag_id')
      .notNull()
      .references(() => npTags.id, { onDelete: 'restrict' }),
    sourceAccountId: sourceAccountId(),
    tenantId: uuid('tenant_id').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ name: 'pk_np_document_tags', columns: [t.documentId, t.tagId] }),
    index('idx_np_document_tags_tag').on(t.tagId),
  ],
);

// ---------------------------------------------------------- notifications

export const npNotifications = pgTable(
  'np_notifications',
  {
    id: id(),
    sourceAccountId: sourceAccountId(),
    tenantId: uuid('tenant_id')
      .notNull()
      .references(() => npTenants.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => npUsers.id, { onDelete: 'cascade' }),
    documentId: uuid('document_id').references(() => npDocuments.id, {
      onDelete: 'set null',
    }),
    channel: varchar('channel', { length: 16 }).notNull().default('in_app'),
    priority: npNotificationPriority('priority').notNull().default('normal'),
    subject: text('subject').notNull(),
    body: text('body').notNull(),
    payload: jsonb('payload').notNull().default({}),
    attempts: integer('attempts').notNull().default(0),
    isMuted: boolean('is_muted').notNull().default(false),
    readAt: timestamp('read_at', { withTimezone: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: deletedAt(),
  },
  (t) => [
    index('idx_np_notifications_unread')
      .on(t.userId, t.createdAt.desc().nullsLast())
      .where(sql`${t.readAt} IS NULL AND ${t.deletedAt} IS NULL`),
    index('idx_np_notifications_kind').on(sql`(${t.payload} ->> 'kind')`),
    index('idx_np_notifications_payload').using('gin', t.payload.op('jsonb_path_ops')),
    check(
      'ck_np_notifications_channel',
      sql`${t.channel} IN ('in_app', 'email', 'sms', 'push')`,
    ),
    check('ck_np_notifications_attempts', sql`${t.attempts} BETWEEN 0 AND 10`),
  ],
);

// ---------------------------------------------------------------- billing

export const npBilling = pgSchema('np_billing');

export const npInvoiceStatus = npBilling.enum('np_invoice_status', [
  'open',
  'paid',
  'void',
]);

export const npInvoices = npBilling.table(
  'np_invoices',
  {
    id: id(),
    sourceAccountId: sourceAccountId(),
    tenantId: uuid('tenant_id')
      .notNull()
      .references(() => npTenants.id, { onDelete: 'restrict' }),
    number: integer('number').notNull().generatedByDefaultAsIdentity({
      name: 'np_invoices_number_seq',
      startWith: 1000,
    }),
    status: npInvoiceStatus('status').notNull().default('open'),
    currency: varchar('currency', { length: 3 }).notNull().default('EUR'),
    net: numeric('net', { precision: 12, scale: 2 }).notNull(),
    taxRate: numeric('tax_rate', { precision: 5, scale: 4 }).notNull().default('0.1900'),
    gross: numeric('gross', { precision: 12, scale: 2 }).generatedAlwaysAs(
      sql`round(net * (1 + tax_rate), 2)`,
    ),
    lines: jsonb('lines').notNull().default([]),
    dueAt: timestamp('due_at', { withTimezone: true }).notNull(),
    paidAt: timestamp('paid_at', { withTimezone: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique('uq_np_invoices_number').on(t.sourceAccountId, t.number),
    index('idx_np_invoices_open')
      .on(t.tenantId, t.dueAt)
      .where(sql`${t.status} = 'open'`),
    check('ck_np_invoices_currency', sql`${t.currency} IN ('EUR', 'USD', 'GBP')`),
    check('ck_np_invoices_net', sql`${t.net} >= 0`),
    check('ck_np_invoices_paid', sql`(${t.status} = 'paid') = (${t.paidAt} IS NOT NULL)`),
  ],
);

// ------------------------------------------------------------------ audit

export const npAuditEvents = pgTable(
  'np_audit_events',
  {
    id: id(),
    seq: bigint('seq', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    sourceAccountId: sourceAccountId(),
    tenantId: uuid('tenant_id').references(() => npTenants.id, {
      onDelete: 'set null',
    }),
    actorId: uuid('actor_id').references(() => npUsers.id, {
      onDelete: 'set null',
    }),
    action: text('action').notNull(),
    subjectTable: text('subject_table').notNull(),
    subjectId: uuid('subject_id').notNull(),
    changes: jsonb('changes').notNull().default({}),
    clientAddr: inet('client_addr'),
    createdAt: createdAt(),
  },
  (t) => [
    unique('uq_np_audit_events_seq').on(t.seq),
    index('idx_np_audit_events_subject').on(t.subjectTable, t.subjectId, t.seq.desc().nullsLast()),
    index('idx_np_audit_events_changes').using('gin', t.changes),
    index('idx_np_audit_events_day').on(
      t.tenantId,
      sql`date_trunc('day', ${t.createdAt} AT TIME ZONE 'UTC')`,
    ),
    check('ck_np_audit_events_action', sql`${t.action} IN ('create', 'update', 'delete', 'login')`),
  ],
);

// -------------------------------------------------------------- relations

export const npTenantsRelations = relations(npTenants, ({ many }) => ({
  users: many(npUsers),
  memberships: many(npMemberships),
  documents: many(npDocuments),
  notifications: many(npNotifications),
  invoices: many(npInvoices),
}));

export const npUsersRelations = relations(npUsers, ({ one, many }) => ({
  tenant: one(npTenants, { fields: [npUsers.tenantId], references: [npTenants.id] }),
  memberships: many(npMemberships, { relationName: 'member' }),
  documents: many(npDocuments, { relationName: 'owner' }),
  reviews: many(npDocuments, { relationName: 'reviewer' }),
  notifications: many(npNotifications),
}));

export const npMembershipsRelations = relations(npMemberships, ({ one }) => ({
  tenant: one(npTenants, { fields: [npMemberships.tenantId], references: [npTenants.id] }),
  user: one(npUsers, {
    fields: [npMemberships.userId],
    references: [npUsers.id],
    relationName: 'member',
  }),
}));

export const npDocumentsRelations = relations(npDocuments, ({ one, many }) => ({
  tenant: one(npTenants, { fields: [npDocuments.tenantId], references: [npTenants.id] }),
  owner: one(npUsers, {
    fields: [npDocuments.tenantId, npDocuments.ownerId],
    references: [npUsers.tenantId, npUsers.id],
    relationName: 'owner',
  }),
  reviewer: one(npUsers, {
    fields: [npDocuments.reviewerId],
    references: [npUsers.id],
    relationName: 'reviewer',
  }),
  collection: one(npCollections, {
    fields: [npDocuments.collectionId],
    references: [npCollections.id],
  }),
  versions: many(npDocumentVersions),
  tags: many(npDocumentTags),
  notifications: many(npNotifications),
}));

export const npDocumentVersionsRelations = relations(npDocumentVersions, ({ one }) => ({
  document: one(npDocuments, {
    fields: [npDocumentVersions.documentId],
    references: [npDocuments.id],
  }),
}));

export const npDocumentTagsRelations = relations(npDocumentTags, ({ one }) => ({
  document: one(npDocuments, {
    fields: [npDocumentTags.documentId],
    references: [npDocuments.id],
  }),
  tag: one(npTags, { fields: [npDocumentTags.tagId], references: [npTags.id] }),
}));

export const npNotificationsRelations = relations(npNotifications, ({ one }) => ({
  tenant: one(npTenants, { fields: [npNotifications.tenantId], references: [npTenants.id] }),
  user: one(npUsers, { fields: [npNotifications.userId], references: [npUsers.id] }),
  document: one(npDocuments, {
    fields: [npNotifications.documentId],
    references: [npDocuments.id],
  }),
}));

export const npInvoicesRelations = relations(npInvoices, ({ one }) => ({
  tenant: one(npTenants, { fields: [npInvoices.tenantId], references: [npTenants.id] }),
}));
