-- Comments: model::Comment. Not those that initdb makes, nor those on members of extensions; that on the extension itself is
-- whoever's who said it last.
WITH candidate(oid) AS (
    -- What hangs on the wanted relations.
    SELECT unnest($1::oid[])
     UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = ANY ($1)
     UNION ALL SELECT oid FROM pg_constraint WHERE conrelid = ANY ($1)
     UNION ALL SELECT oid FROM pg_trigger WHERE tgrelid = ANY ($1)
     UNION ALL SELECT oid FROM pg_rewrite WHERE ev_class = ANY ($1)
     UNION ALL SELECT oid FROM pg_policy WHERE polrelid = ANY ($1)
     UNION ALL SELECT oid FROM pg_statistic_ext WHERE stxrelid = ANY ($1)
     UNION ALL SELECT reltype FROM pg_class WHERE oid = ANY ($1)
     UNION ALL SELECT objid FROM pg_depend
                WHERE refclassid = 'pg_class'::regclass AND refobjid = ANY ($1) AND refobjsubid > 0
                  AND classid = 'pg_class'::regclass AND objsubid = 0 AND deptype = 'i'
),
described AS (
    SELECT d.classoid, d.objoid, d.objsubid, d.description,
           -- What it is a part of: a relation or a type. An index is a part of its table, and so is the sequence of an
           -- identity column.
           CASE d.classoid WHEN 'pg_class'::regclass
                           THEN coalesce((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = d.objoid),
                                         (SELECT p.refobjid FROM pg_depend p
                                           WHERE p.classid = 'pg_class'::regclass AND p.objid = d.objoid
                                             AND p.objsubid = 0 AND p.refclassid = 'pg_class'::regclass
                                             AND p.refobjsubid > 0 AND p.deptype = 'i'),
                                         d.objoid)
                           WHEN 'pg_trigger'::regclass THEN (SELECT g.tgrelid FROM pg_trigger g WHERE g.oid = d.objoid)
                           WHEN 'pg_rewrite'::regclass THEN (SELECT w.ev_class FROM pg_rewrite w WHERE w.oid = d.objoid)
                           WHEN 'pg_policy'::regclass THEN (SELECT y.polrelid FROM pg_policy y WHERE y.oid = d.objoid)
                           WHEN 'pg_statistic_ext'::regclass
                           THEN (SELECT x.stxrelid FROM pg_statistic_ext x WHERE x.oid = d.objoid)
                           WHEN 'pg_constraint'::regclass THEN nullif(k.conrelid, 0)
           END AS relation,
           CASE d.classoid WHEN 'pg_type'::regclass THEN d.objoid ELSE k.contypid END AS type,
           k.conname
      FROM pg_description d
      -- One at a time, by the index, here and below: the planner expects many more comments than there are, and would
      -- read whole catalogs.
      LEFT JOIN LATERAL (SELECT k.conrelid, k.contypid, k.conname FROM pg_constraint k
                          WHERE k.oid = d.objoid AND d.classoid = 'pg_constraint'::regclass OFFSET 0) k ON true
     WHERE (d.objoid >= 16384
            -- public is as old as the database, but it is anybody's.
            OR d.classoid = 'pg_namespace'::regclass AND d.description <> 'standard public schema')
       AND ($2 OR $1::oid[] IS NULL OR d.objoid IN (SELECT c.oid FROM candidate c))
),
-- Chosen before anything is named.
wanted AS MATERIALIZED (
    SELECT d.* FROM described d
     -- A composite type is a relation.
      LEFT JOIN LATERAL (SELECT y.typrelid FROM pg_type y WHERE y.oid = d.type AND y.typrelid <> 0 OFFSET 0) y ON true
     WHERE CASE WHEN coalesce(d.relation, y.typrelid) IS NULL THEN $2
                ELSE ($1::oid[] IS NULL OR coalesce(d.relation, y.typrelid) = ANY ($1)) END
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C", x.object_type), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               CASE WHEN i.type LIKE '% column' THEN 'COLUMN ' || i.identity
                    WHEN i.type = 'table constraint' THEN format('CONSTRAINT %I ON %s', d.conname, o.identity)
                    WHEN i.type = 'domain constraint' THEN format('CONSTRAINT %I ON DOMAIN %s', d.conname, o.identity)
                    WHEN i.type = 'trigger'
                    THEN (SELECT format('TRIGGER %I ON %s', g.tgname, o.identity)
                            FROM pg_trigger g WHERE g.oid = d.objoid)
                    WHEN i.type = 'rule'
                    THEN (SELECT format('RULE %I ON %s', w.rulename, o.identity)
                            FROM pg_rewrite w WHERE w.oid = d.objoid)
                    WHEN i.type = 'policy'
                    THEN (SELECT format('POLICY %I ON %s', y.polname, o.identity)
                            FROM pg_policy y WHERE y.oid = d.objoid)
                    -- An aggregate of no arguments is spoken of with a star.
                    WHEN i.type = 'aggregate' THEN 'AGGREGATE ' || regexp_replace(i.identity, '\(\)$', '(*)')
                    WHEN i.type = 'transform'
                    THEN (SELECT format('TRANSFORM FOR %s LANGUAGE %I', format_type(f.trftype, NULL), l.lanname)
                            FROM pg_transform f JOIN pg_language l ON l.oid = f.trflang WHERE f.oid = d.objoid)
                    WHEN i.type = 'foreign-data wrapper' THEN 'FOREIGN DATA WRAPPER ' || i.identity
                    WHEN i.type = 'statistics object' THEN 'STATISTICS ' || i.identity
                    ELSE upper(i.type) || ' ' || i.identity END AS on,
               d.description AS text,
               CASE WHEN (o.type, o.identity) <> (i.type, i.identity)
                    THEN json_build_object('object_type', o.type, 'identity', o.identity) END AS of
          FROM wanted d
         CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
          LEFT JOIN LATERAL (SELECT r.oid, r.relkind, r.reltype, r.relnamespace, r.relpersistence FROM pg_class r
                              WHERE r.oid = d.relation OFFSET 0) r ON true
         CROSS JOIN LATERAL (SELECT CASE WHEN r.relkind = 'c' THEN r.reltype ELSE nullif(d.type, 0) END AS type) t
          LEFT JOIN LATERAL pg_identify_object(CASE WHEN t.type IS NULL THEN 'pg_class'::regclass
                                                    ELSE 'pg_type'::regclass END,
                                               coalesce(t.type, r.oid), 0) o ON coalesce(t.type, r.oid) IS NOT NULL
          LEFT JOIN LATERAL (SELECT y.typnamespace FROM pg_type y WHERE y.oid = t.type OFFSET 0) y ON true
         CROSS JOIN LATERAL (SELECT coalesce((SELECT n.nspname FROM pg_namespace n
                                               WHERE n.oid = coalesce(r.relnamespace, y.typnamespace)),
                                             CASE WHEN i.type = 'schema' THEN i.name ELSE i.schema END) AS name) s
         -- Kinds that the reader reads.
         WHERE d.classoid IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass, 'pg_constraint'::regclass,
                              'pg_trigger'::regclass, 'pg_rewrite'::regclass, 'pg_policy'::regclass,
                              'pg_event_trigger'::regclass, 'pg_namespace'::regclass, 'pg_collation'::regclass,
                              'pg_conversion'::regclass, 'pg_cast'::regclass, 'pg_operator'::regclass,
                              'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_am'::regclass,
                              'pg_transform'::regclass, 'pg_language'::regclass, 'pg_ts_config'::regclass,
                              'pg_ts_dict'::regclass, 'pg_ts_parser'::regclass, 'pg_ts_template'::regclass,
                              'pg_statistic_ext'::regclass, 'pg_publication'::regclass,
                              'pg_foreign_data_wrapper'::regclass, 'pg_foreign_server'::regclass,
                              'pg_extension'::regclass)
           AND coalesce(s.name NOT LIKE 'pg\_%' AND s.name NOT IN ('information_schema', 'nself', 'nself_api'), true)
           AND (d.classoid <> 'pg_extension'::regclass OR i.name <> 'nself_heal')
           AND coalesce(r.relpersistence, 'p') <> 't'
           AND NOT EXISTS (SELECT FROM (VALUES (d.classoid, d.objoid), ('pg_class'::regclass, d.relation),
                                               ('pg_type'::regclass, t.type)) w(classid, objid)
                             JOIN pg_depend m ON m.classid = w.classid AND m.objid = w.objid AND m.deptype = 'e')) x
