-- What rows are made of: each column that has to be given a value, in order, with what is known of its type.
SELECT c.oid AS relid,
       format('%I.%I', n.nspname, c.relname) AS name,
       quote_ident(a.attname) AS column_name,
       a.attnum,
       a.attnotnull OR t.typnotnull AS not_null,
       -- A variable of a domain that is NOT NULL could not be made.
       CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod)
                      ELSE format_type(a.atttypid, a.atttypmod) END AS declared,
       -- Arrays are made of their elements, domains of what is below them.
       e.oid::regtype::text AS base,
       t.oid <> e.oid AND b.typcategory = 'A' AS is_array,
       e.typtype::text AS sort,
       e.typcategory::text AS category,
       CASE WHEN b.typcategory = 'S' AND coalesce(nullif(t.typtypmod, -1), a.atttypmod) > 4
            THEN coalesce(nullif(t.typtypmod, -1), a.atttypmod) - 4 END AS length,
       CASE WHEN e.oid = 'numeric'::regtype AND coalesce(nullif(t.typtypmod, -1), a.atttypmod) > 4
            THEN ((coalesce(nullif(t.typtypmod, -1), a.atttypmod) - 4) >> 16)
                 - ((coalesce(nullif(t.typtypmod, -1), a.atttypmod) - 4) & 2047) END AS digits,
       ARRAY(SELECT quote_literal(l.enumlabel) FROM pg_enum l WHERE l.enumtypid = e.oid ORDER BY l.enumsortorder) AS labels,
       -- The definitions in which constants may stand that the column has to have.
       ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
              WHERE k.contype = 'c' AND (k.conrelid = c.oid AND a.attnum = ANY (k.conkey) OR k.contypid = t.oid) ORDER BY k.conname)
       || ARRAY(SELECT pg_get_expr(p.relpartbound, p.oid) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
                  JOIN pg_partitioned_table pt ON pt.partrelid = i.inhparent
                 WHERE i.inhparent = c.oid AND a.attnum = ANY (pt.partattrs::int2[]) ORDER BY p.relname) AS hints,
       -- What an error can name when this column's value was a bad guess.
       ARRAY(SELECT k.conname::text FROM pg_constraint k
              WHERE k.conrelid = c.oid AND (a.attnum = ANY (k.conkey) OR k.conkey IS NULL) OR k.contypid = t.oid
             UNION SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
              WHERE i.indrelid = c.oid AND (a.attnum = ANY (i.indkey::int2[]) OR 0 = ANY (i.indkey::int2[]))
             ORDER BY 1) AS rules
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
  JOIN pg_type e ON e.oid = CASE WHEN b.typcategory = 'A' AND b.typelem <> 0 THEN b.typelem ELSE b.oid END
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself')
   AND a.attgenerated = '' AND a.attidentity = ''
   -- A sequence knows better.
   AND NOT coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false)
   AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e')
 ORDER BY 2, 4
