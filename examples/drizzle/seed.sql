-- Fills every table of the finished schema.  Plain SQL, the same rows on every
-- run.  The key of row n of a kind is md5('kind:n')::uuid.
--
--   psql -1 -v ON_ERROR_STOP=1 -f seed.sql

INSERT INTO np_tenants (id, slug, name, plan, seats, settings, created_at, updated_at)
SELECT md5('tenant:' || t)::uuid,
       'tenant-' || t,
       'Tenant ' || t,
       (ARRAY['free', 'team', 'enterprise'])[1 + t % 3],
       10 * t,
       jsonb_build_object('theme', CASE WHEN t % 2 = 0 THEN 'dark' ELSE 'light' END,
                          'features', jsonb_build_array('search', 'f' || t)),
       timestamptz '2025-01-01 00:00+00' + t * interval '1 day',
       timestamptz '2025-01-01 00:00+00' + t * interval '1 day'
FROM generate_series(1, 5) t;

-- 200 users, 40 in each tenant.  Users 191 to 200 are deleted; their addresses
-- belong to users 1 to 10 now.
INSERT INTO np_users (id, tenant_id, email, display_name, status, locale, scopes,
                      profile, last_seen_at, created_at, updated_at, deleted_at)
SELECT md5('user:' || u)::uuid,
       md5('tenant:' || 1 + (u - 1) % 5)::uuid,
       'User' || CASE WHEN u > 190 THEN u - 190 ELSE u END || '@example.org',
       'User Number ' || u,
       (ARRAY['active', 'active', 'active', 'invited', 'suspended'])[1 + u % 5]::np_user_status,
       (ARRAY['en', 'de', 'fr', 'es', 'pt-BR'])[1 + u % 5],
       CASE WHEN u <= 5 THEN ARRAY['read', 'write', 'admin']
            WHEN u % 2 = 0 THEN ARRAY['read', 'write']
            ELSE ARRAY['read'] END,
       jsonb_build_object('level', u % 7, 'team', 'team-' || u % 4),
       CASE WHEN u % 5 <> 3 THEN timestamptz '2025-06-01 00:00+00' + u * interval '1 hour' END,
       timestamptz '2025-01-10 00:00+00' + u * interval '1 hour',
       timestamptz '2025-01-10 00:00+00' + u * interval '1 hour',
       CASE WHEN u > 190 THEN timestamptz '2025-05-01 00:00+00' END
FROM generate_series(1, 200) u;

-- Users 1 to 5 own their tenants and invited everybody else.
INSERT INTO np_memberships (id, tenant_id, user_id, invited_by, role, created_at, updated_at)
SELECT md5('membership:' || u)::uuid,
       md5('tenant:' || 1 + (u - 1) % 5)::uuid,
       md5('user:' || u)::uuid,
       CASE WHEN u > 5 THEN md5('user:' || 1 + (u - 1) % 5)::uuid END,
       CASE WHEN u <= 5 THEN 'owner'
            WHEN u <= 15 THEN 'admin'
            WHEN u % 2 = 0 THEN 'editor'
            ELSE 'viewer' END::np_member_role,
       timestamptz '2025-01-10 00:00+00' + u * interval '1 hour',
       timestamptz '2025-01-10 00:00+00' + u * interval '1 hour'
FROM generate_series(1, 200) u;

-- The inbox, then six collections for each tenant: four roots and two inside
-- the second root.
INSERT INTO np_collections (id, tenant_id, parent_id, name, position, created_at, updated_at)
VALUES ('00000000-0000-4000-8000-000000000001', NULL, NULL, 'Inbox', 0,
        '2025-01-01 00:00+00', '2025-01-01 00:00+00');

INSERT INTO np_collections (id, tenant_id, parent_id, name, position, created_at, updated_at)
SELECT md5('collection:' || t || ':' || c)::uuid,
       md5('tenant:' || t)::uuid,
       CASE WHEN c > 4 THEN md5('collection:' || t || ':2')::uuid END,
       (ARRAY['Policies', 'Projects', 'Reports', 'Templates', 'Drafts', 'Reviews'])[c],
       c,
       timestamptz '2025-01-15 00:00+00' + c * interval '1 minute',
       timestamptz '2025-01-15 00:00+00' + c * interval '1 minute'
FROM generate_series(1, 5) t, generate_series(1, 6) c
ORDER BY t, c;

-- 1000 documents, 200 in each tenant.  Every tenth one lies in the inbox.  None
-- is archived: PostgreSQL can refuse an enum value that was added in the same
-- transaction, and this file may run in the one that ran the migrations.
INSERT INTO np_documents (id, tenant_id, owner_id, reviewer_id, collection_id, title, body,
                          mime_type, status, quality, size_bytes, keywords, metadata,
                          published_at, created_at, updated_at, deleted_at)
SELECT md5('document:' || d)::uuid,
       md5('tenant:' || t)::uuid,
       md5('user:' || t + 5 * (d / 5 % 38))::uuid,
       CASE WHEN d % 3 = 0 THEN md5('user:' || t)::uuid END,
       CASE WHEN d % 10 = 0 THEN '00000000-0000-4000-8000-000000000001'
            ELSE md5('collection:' || t || ':' || 1 + d % 6)::uuid END,
       initcap(words[1 + d % 12]) || ' ' || words[1 + d / 12 % 12] || ' no. ' || d,
       'This document is about ' || words[1 + d % 12] || ' and ' || words[1 + d / 7 % 12]
           || '. It was written for tenant ' || t || ' as item ' || d || '.',
       (ARRAY['text/markdown', 'text/html', 'text/plain', 'application/pdf'])[1 + d % 4],
       (ARRAY['draft', 'in_review', 'published', 'published', 'published'])[1 + d / 5 % 5]::np_document_status,
       CASE WHEN d % 4 <> 0 THEN round((d * 37 % 10001) / 100.0, 2) END,
       d * 512,
       ARRAY[words[1 + d % 12], words[1 + d / 12 % 12]],
       jsonb_build_object('source', CASE WHEN d % 2 = 0 THEN 'upload' ELSE 'editor' END,
                          'pages', 1 + d % 40,
                          'flags', jsonb_build_object('pinned', d % 25 = 0)),
       CASE WHEN d / 5 % 5 IN (2, 3, 4) THEN timestamptz '2025-04-01 00:00+00' + d * interval '1 hour' END,
       timestamptz '2025-02-01 00:00+00' + d * interval '1 hour',
       timestamptz '2025-02-01 00:00+00' + d * interval '1 hour',
       CASE WHEN d % 20 = 7 THEN timestamptz '2025-06-15 00:00+00' END
FROM (SELECT d, 1 + (d - 1) % 5 AS t,
             ARRAY['backup', 'billing', 'budget', 'contract', 'deployment', 'incident',
                   'invoice', 'migration', 'onboarding', 'privacy', 'roadmap', 'security'] AS words
      FROM generate_series(1, 1000) d) s
ORDER BY d;

-- One to three versions of each document.
INSERT INTO np_document_versions (id, tenant_id, document_id, version, edited_by, body, diff, created_at)
SELECT md5('version:' || d || ':' || v)::uuid,
       md5('tenant:' || 1 + (d - 1) % 5)::uuid,
       md5('document:' || d)::uuid,
       v,
       CASE WHEN d % 6 <> 0 THEN md5('user:' || 1 + (d - 1) % 5)::uuid END,
       'Version ' || v || ' of document ' || d,
       CASE WHEN v > 1 THEN jsonb_build_object('added', v * 3, 'removed', d % 5) END,
       timestamptz '2025-02-01 00:00+00' + d * interval '1 hour' + v * interval '1 minute'
FROM generate_series(1, 1000) d, generate_series(1, 1 + d % 3) v
ORDER BY d, v;

-- Eight tags for each tenant, two on each document.
INSERT INTO np_tags (id, tenant_id, name, color, created_at, updated_at)
SELECT md5('tag:' || t || ':' || g)::uuid,
       md5('tenant:' || t)::uuid,
       (ARRAY['Urgent', 'Internal', 'Public', 'Legal', 'Finance', 'Ops', 'People', 'Later'])[g],
       '#' || lpad(to_hex(g * 1973790), 6, '0'),
       '2025-01-20 00:00+00',
       '2025-01-20 00:00+00'
FROM generate_series(1, 5) t, generate_series(1, 8) g
ORDER BY t, g;

INSERT INTO np_document_tags (document_id, tag_id, tenant_id, created_at)
SELECT md5('document:' || d)::uuid,
       md5('tag:' || 1 + (d - 1) % 5 || ':' || 1 + (d + k * 3) % 8)::uuid,
       md5('tenant:' || 1 + (d - 1) % 5)::uuid,
       timestamptz '2025-03-01 00:00+00' + d * interval '1 minute'
FROM generate_series(1, 1000) d, generate_series(0, 1) k
ORDER BY d, k;

-- 2000 notifications; some are about a document of the same tenant.
INSERT INTO np_notifications (id, tenant_id, user_id, document_id, channel, priority, subject,
                              body, payload, attempts, is_muted, read_at,
                              created_at, updated_at, deleted_at)
SELECT md5('notification:' || n)::uuid,
       md5('tenant:' || t)::uuid,
       md5('user:' || t + 5 * (n / 5 % 38))::uuid,
       CASE WHEN n % 4 <> 0 THEN md5('document:' || t + 5 * (n / 5 % 200))::uuid END,
       (ARRAY['in_app', 'email', 'sms', 'push'])[1 + n % 4],
       (ARRAY['low', 'normal', 'normal', 'high'])[1 + n / 4 % 4]::np_notification_priority,
       'Notification ' || n,
       'Something happened for the ' || n || '. time.',
       jsonb_build_object('kind', (ARRAY['mention', 'review', 'comment'])[1 + n % 3], 'n', n),
       n % 4,
       n % 11 = 0,
       CASE WHEN n % 3 <> 0 THEN timestamptz '2025-06-20 00:00+00' + n * interval '1 minute' END,
       timestamptz '2025-06-01 00:00+00' + n * interval '5 minutes',
       timestamptz '2025-06-01 00:00+00' + n * interval '5 minutes',
       CASE WHEN n % 50 = 0 THEN timestamptz '2025-07-01 00:00+00' END
FROM (SELECT n, 1 + (n - 1) % 5 AS t FROM generate_series(1, 2000) n) s
ORDER BY n;

-- Twelve invoices for each tenant; the numbers come from the identity column.
INSERT INTO np_billing.np_invoices (id, tenant_id, status, currency, net, tax_rate, lines,
                                    due_at, paid_at, created_at, updated_at)
SELECT md5('invoice:' || i)::uuid,
       md5('tenant:' || 1 + (i - 1) % 5)::uuid,
       CASE WHEN i % 10 = 0 THEN 'void' WHEN i <= 45 THEN 'paid' ELSE 'open' END::np_billing.np_invoice_status,
       (ARRAY['EUR', 'USD', 'GBP'])[1 + (i - 1) % 5 % 3],
       100 + i * 12.35,
       CASE WHEN i % 2 = 0 THEN 0.1900 ELSE 0.0700 END,
       jsonb_build_array(jsonb_build_object('item', 'seats', 'quantity', i)),
       timestamptz '2025-01-31 00:00+00' + (i - 1) / 5 * interval '30 days',
       CASE WHEN i % 10 <> 0 AND i <= 45
            THEN timestamptz '2025-01-25 00:00+00' + (i - 1) / 5 * interval '30 days' END,
       timestamptz '2025-01-01 00:00+00' + (i - 1) / 5 * interval '30 days',
       timestamptz '2025-01-01 00:00+00' + (i - 1) / 5 * interval '30 days'
FROM generate_series(1, 60) i
ORDER BY i;

INSERT INTO np_audit_events (id, tenant_id, actor_id, action, subject_table, subject_id,
                             changes, client_addr, created_at)
SELECT md5('audit:' || a)::uuid,
       md5('tenant:' || 1 + (a - 1) % 5)::uuid,
       CASE WHEN a % 9 <> 0 THEN md5('user:' || 1 + (a - 1) % 190)::uuid END,
       (ARRAY['create', 'update', 'update', 'delete', 'login'])[1 + a / 5 % 5],
       CASE WHEN a / 5 % 5 = 4 THEN 'np_users' ELSE 'np_documents' END,
       CASE WHEN a / 5 % 5 = 4 THEN md5('user:' || 1 + (a - 1) % 190)::uuid
            ELSE md5('document:' || 1 + (a - 1) % 1000)::uuid END,
       jsonb_build_object('rev', a, 'fields', jsonb_build_array('title', 'body')),
       ('192.0.2.' || 1 + a % 254)::inet,
       timestamptz '2025-02-01 00:00+00' + a * interval '2 hours'
FROM generate_series(1, 1500) a
ORDER BY a;
