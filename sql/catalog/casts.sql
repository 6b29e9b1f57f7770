-- Casts: model::Definition. A cast has no owner of its own: whoever owns the type may make it.
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C"), '[]')::text
  FROM (SELECT i.type AS object_type,
               i.identity,
               'CAST ' || i.identity AS sql_name,
               NULL AS name,
               pg_get_userbyid(CASE WHEN s.oid < 16384 AND t.oid >= 16384 THEN t.typowner ELSE s.typowner END) AS owner,
               NULL AS of,
               concat(format('CREATE CAST (%s AS %s)', format_type(c.castsource, NULL),
                             format_type(c.casttarget, NULL)),
                      CASE c.castmethod WHEN 'f' THEN ' WITH FUNCTION ' || c.castfunc::regprocedure
                                        WHEN 'i' THEN ' WITH INOUT' WHEN 'b' THEN ' WITHOUT FUNCTION' END,
                      CASE c.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' END) AS def,
               '[]'::json AS more,
               NULL AS shape,
               NULL AS query,
               NULL AS state,
               false AS inherited,
               NULL AS filled
          FROM pg_cast c
          JOIN pg_type s ON s.oid = c.castsource
          JOIN pg_type t ON t.oid = c.casttarget
         CROSS JOIN LATERAL pg_identify_object('pg_cast'::regclass, c.oid, 0) i
         WHERE c.oid >= 16384
           -- The server makes one of each range type to its multirange.
           AND NOT EXISTS (SELECT FROM pg_range g WHERE g.rngtypid = c.castsource AND g.rngmultitypid = c.casttarget)
           AND NOT EXISTS (SELECT FROM pg_depend m
                            WHERE m.classid = 'pg_cast'::regclass AND m.objid = c.oid
                              -- An extension's, or what the server makes with a range type.
                              AND m.deptype IN ('e', 'i'))) x
