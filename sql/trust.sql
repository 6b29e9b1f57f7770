-- The code that these objects are made of: what they refer to by the catalogs, all the way, each with its owner and with
-- the owner of its schema. $1: a list of {object_type, identity}; what is not there is passed over. Of tables only
-- the children count, because one may be a foreign table: reading a table runs none of its expressions.
WITH RECURSIVE asked AS (
    SELECT a.object_type, a.identity FROM json_to_recordset($1) a(object_type text, identity text)
),
root(classid, objid) AS (
    -- CASE, because a condition is no order: to read the name of a function as that of a type is an error.
    SELECT CASE WHEN a.object_type IN ('function', 'procedure', 'aggregate') THEN 'pg_proc'::regclass::oid
                WHEN a.object_type = 'type' THEN 'pg_type'::regclass
                WHEN a.object_type = 'operator' THEN 'pg_operator'::regclass
                WHEN a.object_type IN ('view', 'materialized view', 'table', 'foreign table') THEN 'pg_class'::regclass END,
           CASE WHEN a.object_type IN ('function', 'procedure', 'aggregate') THEN to_regprocedure(a.identity)::oid
                WHEN a.object_type = 'type' THEN to_regtype(a.identity)::oid
                WHEN a.object_type = 'operator' THEN to_regoperator(a.identity)::oid
                WHEN a.object_type IN ('view', 'materialized view', 'table', 'foreign table') THEN to_regclass(a.identity)::oid END
      FROM asked a
     UNION ALL
    SELECT o.classid, o.objid
      FROM (SELECT 'pg_cast'::regclass::oid, oid FROM pg_cast WHERE oid >= 16384
             UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass WHERE oid >= 16384
             UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily WHERE oid >= 16384
             UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation WHERE oid >= 16384
             UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion WHERE oid >= 16384
             UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config WHERE oid >= 16384
             UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict WHERE oid >= 16384
             UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language WHERE oid >= 16384) o(classid, objid)
     CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, 0) i
      JOIN asked a ON a.object_type = i.type AND a.identity = i.identity
),
reached(classid, objid) AS (
    SELECT classid, objid FROM root WHERE objid IS NOT NULL
     UNION
    SELECT n.classid, n.objid
      FROM reached r
      LEFT JOIN pg_class c ON r.classid = 'pg_class'::regclass AND c.oid = r.objid
     CROSS JOIN LATERAL (
            SELECT d.refclassid, d.refobjid FROM pg_depend d
             WHERE d.classid = r.classid AND d.objid = r.objid AND d.deptype IN ('n', 'a', 'i')
               AND coalesce(c.relkind IN ('v', 'm'), true)
             UNION ALL
            -- The query of a view, the checks of a domain, the members of an operator class or family.
            SELECT d.classid, d.objid FROM pg_depend d
             WHERE d.refclassid = r.classid AND d.refobjid = r.objid AND d.deptype IN ('a', 'i')
               AND d.classid IN ('pg_rewrite'::regclass, 'pg_constraint'::regclass, 'pg_amop'::regclass, 'pg_amproc'::regclass)
               AND coalesce(c.relkind IN ('v', 'm'), true)
             UNION ALL
            SELECT 'pg_class'::regclass, h.inhrelid FROM pg_inherits h WHERE c.relkind IN ('r', 'p') AND h.inhparent = c.oid
            ) n(classid, objid)
),
owned(classid, objid, owner, schema) AS (
    SELECT r.classid, r.objid, p.proowner, p.pronamespace FROM reached r JOIN pg_proc p ON p.oid = r.objid
     WHERE r.classid = 'pg_proc'::regclass
     UNION ALL SELECT r.classid, r.objid, t.typowner, t.typnamespace FROM reached r JOIN pg_type t ON t.oid = r.objid
                WHERE r.classid = 'pg_type'::regclass
     UNION ALL SELECT r.classid, r.objid, o.oprowner, o.oprnamespace FROM reached r JOIN pg_operator o ON o.oid = r.objid
                WHERE r.classid = 'pg_operator'::regclass
     UNION ALL SELECT r.classid, r.objid, c.relowner, c.relnamespace FROM reached r JOIN pg_class c ON c.oid = r.objid
                WHERE r.classid = 'pg_class'::regclass AND c.relkind IN ('v', 'm', 'f')
     UNION ALL SELECT r.classid, r.objid, o.opcowner, o.opcnamespace FROM reached r JOIN pg_opclass o ON o.oid = r.objid
                WHERE r.classid = 'pg_opclass'::regclass
     UNION ALL SELECT r.classid, r.objid, o.opfowner, o.opfnamespace FROM reached r JOIN pg_opfamily o ON o.oid = r.objid
                WHERE r.classid = 'pg_opfamily'::regclass
     UNION ALL SELECT r.classid, r.objid, c.collowner, c.collnamespace FROM reached r JOIN pg_collation c ON c.oid = r.objid
                WHERE r.classid = 'pg_collation'::regclass
     UNION ALL SELECT r.classid, r.objid, c.conowner, c.connamespace FROM reached r JOIN pg_conversion c ON c.oid = r.objid
                WHERE r.classid = 'pg_conversion'::regclass
     UNION ALL SELECT r.classid, r.objid, c.cfgowner, c.cfgnamespace FROM reached r JOIN pg_ts_config c ON c.oid = r.objid
                WHERE r.classid = 'pg_ts_config'::regclass
     UNION ALL SELECT r.classid, r.objid, d.dictowner, d.dictnamespace FROM reached r JOIN pg_ts_dict d ON d.oid = r.objid
                WHERE r.classid = 'pg_ts_dict'::regclass
     UNION ALL SELECT r.classid, r.objid, l.lanowner, NULL FROM reached r JOIN pg_language l ON l.oid = r.objid
                WHERE r.classid = 'pg_language'::regclass
)
SELECT coalesce(json_agg(json_build_object('object', i.type || ' ' || i.identity, 'owner', o.owner::int8,
                                           'schema_owner', n.nspowner::int8)
                         ORDER BY i.identity COLLATE "C", i.type), '[]')::text
  FROM owned o
  LEFT JOIN pg_namespace n ON n.oid = o.schema
 CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, 0) i
