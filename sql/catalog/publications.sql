-- Publications, and what each of them publishes as objects of their own: model::Definition. To take a table out again
-- is no DROP, so the name of a part is no statement's.
WITH publication AS (
    SELECT p.oid, p.pubname, pg_get_userbyid(p.pubowner) AS owner,
           format('CREATE PUBLICATION %I%s WITH (%s)', p.pubname, CASE WHEN p.puballtables THEN ' FOR ALL TABLES' END,
                  concat_ws(', ', format('publish = %L', concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                                                                   CASE WHEN p.pubupdate THEN 'update' END,
                                                                   CASE WHEN p.pubdelete THEN 'delete' END,
                                                                   CASE WHEN p.pubtruncate THEN 'truncate' END)),
                            'publish_via_partition_root = ' || p.pubviaroot,
                            'publish_generated_columns = ' || :publish_generated)) AS def,
           json_build_object('object_type', 'publication', 'identity', quote_ident(p.pubname), 'name', NULL) AS address
      FROM pg_publication p
     WHERE NOT EXISTS (SELECT FROM pg_depend m
                        WHERE m.classid = 'pg_publication'::regclass AND m.objid = p.oid AND m.deptype = 'e')
),
schema AS (
    SELECT n.oid, n.nspname FROM pg_namespace n
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
),
object AS (
    SELECT 'pg_publication'::regclass AS classid, p.oid, format('PUBLICATION %I', p.pubname) AS sql_name, p.owner,
           NULL::json AS of, p.def, NULL AS shape, NULL AS query
      FROM publication p
     UNION ALL
    SELECT 'pg_publication_namespace'::regclass, s.oid,
           format('PUBLICATION %I TABLES IN SCHEMA %I', p.pubname, n.nspname), p.owner, p.address,
           format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I', p.pubname, n.nspname), NULL, NULL
      FROM pg_publication_namespace s
      JOIN publication p ON p.oid = s.pnpubid
      JOIN schema n ON n.oid = s.pnnspid
     UNION ALL
    SELECT 'pg_publication_rel'::regclass, m.oid, format('PUBLICATION %I TABLE %s', p.pubname, t.identity), p.owner,
           p.address, d.head || coalesce(' WHERE (' || d.condition || ')', ''),
           CASE WHEN d.condition IS NOT NULL THEN d.head || ' WHERE ()' END,
           'SELECT (' || d.condition || ') FROM ONLY ' || t.identity
      FROM pg_publication_rel m
      JOIN publication p ON p.oid = m.prpubid
      JOIN pg_class r ON r.oid = m.prrelid
      JOIN schema n ON n.oid = r.relnamespace
       -- A condition can only be printed when the table can be read.
       AND NOT (m.prqual IS NOT NULL AND m.prrelid = ANY ($3))
     CROSS JOIN LATERAL pg_identify_object('pg_class'::regclass, r.oid, 0) t
     CROSS JOIN LATERAL (
            -- Columns are sorted by name: their order has no meaning, and the server keeps that of the table.
            SELECT concat(format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, t.identity),
                          (SELECT format(' (%s)', string_agg(quote_ident(a.attname), ', '
                                                             ORDER BY a.attname COLLATE "C"))
                             FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum = ANY (m.prattrs::int2[])
                           HAVING count(*) > 0)) AS head,
                   pg_get_expr(m.prqual, m.prrelid) AS condition) d
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C", x.object_type), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               o.sql_name,
               NULL AS name,
               o.owner,
               o.of,
               o.def,
               '[]'::json AS more,
               o.shape,
               o.query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM object o
         CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) i) x
