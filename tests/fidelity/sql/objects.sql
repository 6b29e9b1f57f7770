-- What a heal must leave as it is: each object's class and name, and its OID (a column's number).
WITH ns AS (
    SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'nself')),
rel AS (
    SELECT c.oid, c.relkind FROM pg_class c JOIN ns ON ns.oid = c.relnamespace),
found (class, object, number) AS (
    SELECT 'pg_namespace'::regclass, ns.oid, ns.oid FROM ns
    UNION ALL SELECT 'pg_class'::regclass, oid, oid FROM rel
    UNION ALL SELECT 'pg_proc'::regclass, p.oid, p.oid FROM pg_proc p JOIN ns ON ns.oid = p.pronamespace
    UNION ALL SELECT 'pg_type'::regclass, t.oid, t.oid FROM pg_type t JOIN ns ON ns.oid = t.typnamespace
    UNION ALL SELECT 'pg_constraint'::regclass, k.oid, k.oid FROM pg_constraint k JOIN ns ON ns.oid = k.connamespace
    UNION ALL SELECT 'pg_trigger'::regclass, t.oid, t.oid
      FROM pg_trigger t JOIN rel ON rel.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, w.oid FROM pg_rewrite w JOIN rel ON rel.oid = w.ev_class
    UNION ALL SELECT 'pg_policy'::regclass, p.oid, p.oid FROM pg_policy p
    UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, d.oid FROM pg_attrdef d JOIN rel ON rel.oid = d.adrelid
    UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid, s.oid FROM pg_statistic_ext s
    UNION ALL SELECT 'pg_collation'::regclass, c.oid, c.oid FROM pg_collation c JOIN ns ON ns.oid = c.collnamespace
    UNION ALL SELECT 'pg_operator'::regclass, o.oid, o.oid FROM pg_operator o JOIN ns ON ns.oid = o.oprnamespace
    UNION ALL SELECT 'pg_opclass'::regclass, o.oid, o.oid FROM pg_opclass o JOIN ns ON ns.oid = o.opcnamespace
    UNION ALL SELECT 'pg_opfamily'::regclass, o.oid, o.oid FROM pg_opfamily o JOIN ns ON ns.oid = o.opfnamespace
    UNION ALL SELECT 'pg_ts_config'::regclass, t.oid, t.oid FROM pg_ts_config t JOIN ns ON ns.oid = t.cfgnamespace
    UNION ALL SELECT 'pg_ts_dict'::regclass, t.oid, t.oid FROM pg_ts_dict t JOIN ns ON ns.oid = t.dictnamespace
    UNION ALL SELECT 'pg_event_trigger'::regclass, e.oid, e.oid FROM pg_event_trigger e
    UNION ALL SELECT 'pg_extension'::regclass, e.oid, e.oid FROM pg_extension e
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, f.oid, f.oid FROM pg_foreign_data_wrapper f
    UNION ALL SELECT 'pg_foreign_server'::regclass, f.oid, f.oid FROM pg_foreign_server f
    UNION ALL SELECT 'pg_publication'::regclass, p.oid, p.oid FROM pg_publication p)
SELECT f.class::text AS class, o.identity, f.number
  FROM found f, pg_identify_object(f.class, f.object, 0) o
UNION ALL
SELECT 'pg_attribute', o.identity, a.attnum::oid
  FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid, pg_identify_object('pg_class'::regclass, rel.oid, a.attnum) o
 WHERE a.attnum > 0 AND NOT a.attisdropped AND rel.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
UNION ALL
SELECT 'pg_enum', quote_ident(n.nspname) || '.' || quote_ident(t.typname) || ' ' || quote_literal(e.enumlabel), e.oid
  FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace
