-- What must be there before a wanted object can be created: model::Dependencies. In the words of the model, a view stands for
-- its rule, an element type for its array type, a relation for its row type, a constraint for its index, a column for
-- the sequence of its identity, a range type for what the server makes with it, and an extension for its members.
WITH schema AS (
    SELECT n.oid, n.nspname FROM pg_namespace n
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'nself', 'nself_api')
),
-- What is a part of a relation, or is one: all that is compared with it.
of_relation AS (
    SELECT 'pg_class'::regclass::oid AS classid, r.oid AS objid, r.oid AS relation
      FROM pg_class r WHERE r.relkind NOT IN ('i', 'I')
     UNION ALL SELECT 'pg_class'::regclass, indexrelid, indrelid FROM pg_index
     -- The sequence of an identity column is a part of its table.
     UNION ALL SELECT classid, objid, refobjid FROM pg_depend
                WHERE classid = 'pg_class'::regclass AND objsubid = 0 AND deptype = 'i'
                  AND refclassid = 'pg_class'::regclass AND refobjsubid > 0
     UNION ALL SELECT 'pg_type'::regclass, reltype, oid FROM pg_class WHERE reltype <> 0
     UNION ALL SELECT 'pg_type'::regclass, t.typarray, r.oid
                 FROM pg_class r JOIN pg_type t ON t.oid = r.reltype WHERE t.typarray <> 0
     UNION ALL SELECT 'pg_constraint'::regclass, oid, conrelid FROM pg_constraint WHERE conrelid <> 0
     UNION ALL SELECT 'pg_attrdef'::regclass, oid, adrelid FROM pg_attrdef
     UNION ALL SELECT 'pg_trigger'::regclass, oid, tgrelid FROM pg_trigger
     UNION ALL SELECT 'pg_rewrite'::regclass, oid, ev_class FROM pg_rewrite
     UNION ALL SELECT 'pg_policy'::regclass, oid, polrelid FROM pg_policy
     UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxrelid FROM pg_statistic_ext
),
-- Those of what is wanted. Of a list of relations the planner believes that they have next to none, and would loop over all
-- pairs behind; how long an array is it does not guess.
dependency AS (
    SELECT d.* FROM pg_depend d WHERE $1::oid[] IS NULL
     UNION ALL
    SELECT u.*
      FROM unnest(ARRAY(
               SELECT d FROM of_relation o JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid
                WHERE o.relation = ANY ($1)
                UNION ALL
               -- What is of no relation.
               SELECT d FROM pg_depend d
                WHERE $2 AND d.objid::int8 >= 16384
                  AND d.classid NOT IN ('pg_class'::regclass, 'pg_attrdef'::regclass, 'pg_trigger'::regclass,
                                        'pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass)
                  AND NOT (d.classid = 'pg_constraint'::regclass
                           AND EXISTS (SELECT FROM pg_constraint k WHERE k.oid = d.objid AND k.conrelid <> 0))
                  AND NOT (d.classid = 'pg_type'::regclass
                           AND EXISTS (SELECT FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
                                        WHERE t.oid = d.objid AND (t.typrelid <> 0 OR e.typrelid <> 0))))) u
     WHERE NOT ($1::oid[] IS NULL)
),
edge AS (
    SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid
      FROM dependency d
     -- Users have what is numbered from 16384 on. Not compared as oid: the planner believes that there is nothing.
     WHERE d.objid::int8 >= 16384 AND d.deptype IN ('n', 'a', 'i', 'P', 'S', 'x')
       -- That a column owns a sequence is said when both are there.
       AND NOT (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
                AND d.deptype = 'a' AND d.objid IN (SELECT seqrelid FROM pg_sequence))
),
-- What these speak of.
spoken_of AS (
    SELECT classid, objid FROM edge UNION SELECT refclassid, refobjid FROM edge
),
-- Parts that stand for something else: (classid, objid) is a part of (whole_class, whole, whole_sub).
part AS (
    SELECT o.classid, o.objid, 'pg_class'::regclass::oid AS whole_class, w.ev_class AS whole, 0 AS whole_sub
      FROM spoken_of o JOIN pg_rewrite w ON w.oid = o.objid
     WHERE o.classid = 'pg_rewrite'::regclass AND w.rulename = '_RETURN' AND w.oid::int8 >= 16384
     UNION ALL
    -- A composite type that stands alone is a type; its relation is what is left of it.
    SELECT o.classid, o.objid, 'pg_class'::regclass, r.oid, 0
      FROM spoken_of o JOIN pg_type t ON t.oid = o.objid JOIN pg_class r ON r.oid = t.typrelid
     WHERE o.classid = 'pg_type'::regclass AND t.oid::int8 >= 16384 AND r.relkind <> 'c'
     UNION ALL
    SELECT o.classid, o.objid, 'pg_type'::regclass, r.reltype, 0
      FROM spoken_of o JOIN pg_class r ON r.oid = o.objid
     WHERE o.classid = 'pg_class'::regclass AND r.oid::int8 >= 16384 AND r.relkind = 'c'
     UNION ALL
    -- An array type, also one of rows.
    SELECT o.classid, o.objid,
           CASE WHEN coalesce(r.relkind, 'c') = 'c' THEN 'pg_type'::regclass ELSE 'pg_class'::regclass END,
           CASE WHEN g.rngtypid IS NOT NULL THEN g.rngtypid
                WHEN coalesce(r.relkind, 'c') = 'c' THEN e.oid ELSE r.oid END, 0
      FROM spoken_of o
      JOIN pg_type t ON t.oid = o.objid
      JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
      LEFT JOIN pg_class r ON r.oid = e.typrelid
      LEFT JOIN pg_range g ON g.rngmultitypid = e.oid
     WHERE o.classid = 'pg_type'::regclass AND t.oid::int8 >= 16384
     UNION ALL
    SELECT o.classid, o.objid, 'pg_type'::regclass, g.rngtypid, 0
      FROM spoken_of o JOIN pg_range g ON g.rngmultitypid = o.objid
     WHERE o.classid = 'pg_type'::regclass
     UNION ALL
    -- The functions and the cast that make values of a range and of a multirange.
    SELECT o.classid, o.objid, d.refclassid, coalesce(g.rngtypid, d.refobjid), 0
      FROM spoken_of o
      JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid
      LEFT JOIN pg_range g ON g.rngmultitypid = d.refobjid
     WHERE o.objid::int8 >= 16384 AND o.classid IN ('pg_proc'::regclass, 'pg_cast'::regclass)
       AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i'
     UNION ALL
    -- The index of a constraint, the sequence of an identity column.
    SELECT o.classid, o.objid, d.refclassid, d.refobjid, d.refobjsubid
      FROM spoken_of o JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid
     WHERE o.classid = 'pg_class'::regclass AND d.objsubid = 0 AND d.deptype = 'i'
       AND (d.refclassid = 'pg_constraint'::regclass OR d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0)
     UNION ALL
    -- Members of an operator class, and those that were added to its family by themselves.
    SELECT o.classid, o.objid, d.refclassid, d.refobjid, 0
      FROM spoken_of o JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid
     WHERE o.objid::int8 >= 16384 AND o.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
       AND d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass) AND d.deptype IN ('i', 'a')
),
-- The functions of a base type speak of it and it of them. CREATE FUNCTION makes a type that is not there yet a shell,
-- if it is what the function returns: so the function that reads a value is first, and the others come behind it.
support AS (
    SELECT t.oid AS type, t.typinput AS input, f.function
      FROM spoken_of o
      JOIN pg_type t ON t.oid = o.objid
     CROSS JOIN LATERAL (VALUES (t.typinput), (t.typoutput), (t.typreceive), (t.typsend), (t.typmodin), (t.typmodout),
                                (t.typanalyze), (t.typsubscript)) f(function)
     WHERE o.classid = 'pg_type'::regclass AND t.typtype = 'b' AND t.oid >= 16384 AND f.function >= 16384
),
-- Which object of the model an end of an edge speaks of; a column speaks of its relation too.
dependent AS (
    SELECT e.*, coalesce(p.whole_class, e.classid) AS class, coalesce(p.whole, e.objid) AS id,
           CASE WHEN p.whole IS NULL THEN e.objsubid ELSE p.whole_sub END AS sub
      -- A FULL JOIN, because that is never a loop over all pairs, however few the planner believes that there are.
      FROM edge e FULL JOIN part p ON p.classid = e.classid AND p.objid = e.objid
     WHERE coalesce(e.classid, 0) <> 0
),
needed AS (
    SELECT DISTINCT d.class, d.id, d.sub, coalesce(p.whole_class, d.refclassid) AS need_class,
           coalesce(p.whole, d.refobjid) AS need,
           CASE WHEN p.whole IS NULL THEN d.refobjsubid ELSE p.whole_sub END AS need_sub
      FROM dependent d FULL JOIN part p ON p.classid = d.refclassid AND p.objid = d.refobjid
     WHERE coalesce(d.class, 0) <> 0
),
pair AS (
    SELECT n.class, n.id, n.sub, n.need_class, n.need, n.need_sub
      FROM needed n
     WHERE NOT EXISTS (SELECT FROM support s
                        WHERE n.class = 'pg_proc'::regclass AND s.function = n.id
                          AND n.need_class = 'pg_type'::regclass AND s.type = n.need)
     UNION
    SELECT 'pg_proc'::regclass, s.function, 0, 'pg_proc'::regclass, s.input, 0 FROM support s
),
-- What a default needs, its column needs; what a column needs, its table does; what a check of a domain needs, the
-- domain does.
spread AS (
    SELECT n.class, n.id, n.sub, n.need_class, n.need, n.need_sub FROM pair n
     UNION
    SELECT 'pg_class'::regclass, a.adrelid, s.sub, n.need_class, n.need, n.need_sub
      FROM pair n JOIN pg_attrdef a ON a.oid = n.id
     CROSS JOIN LATERAL (VALUES (a.adnum::int), (0)) s(sub)
     WHERE n.class = 'pg_attrdef'::regclass
     UNION
    SELECT n.class, n.id, 0, n.need_class, n.need, n.need_sub FROM pair n
     WHERE n.class = 'pg_class'::regclass AND n.sub > 0
     UNION
    SELECT 'pg_type'::regclass, k.contypid, 0, n.need_class, n.need, n.need_sub
      FROM pair n JOIN pg_constraint k ON k.oid = n.id
     WHERE n.class = 'pg_constraint'::regclass AND k.contypid <> 0
),
-- A member of an extension stands for it, and a column for its table as well.
wanted AS (
    SELECT DISTINCT s.class, s.id, s.sub, w.need_class, w.need, w.need_sub
      FROM spread s
      LEFT JOIN pg_depend m ON m.classid = s.need_class AND m.objid = s.need AND m.deptype = 'e'
      LEFT JOIN pg_class r ON r.oid = s.need AND s.need_class = 'pg_class'::regclass AND s.need_sub > 0
                          AND r.relkind IN ('r', 'p', 'f') AND m.refobjid IS NULL
     CROSS JOIN LATERAL (VALUES
           (CASE WHEN m.refobjid IS NULL THEN s.need_class ELSE 'pg_extension'::regclass END,
            coalesce(m.refobjid, s.need), 0),
           (s.need_class, r.oid, s.need_sub)) w(need_class, need, need_sub)
     -- Nothing needs itself, nor a table its own columns.
     WHERE w.need IS NOT NULL AND NOT (w.need_class = s.class AND w.need = s.id AND (s.sub = 0 OR w.need_sub = s.sub))
),
-- Every object on either side, once: those of users, and extensions.
listed AS (
    -- One key, because of three the planner believes that they leave one row, and loops over all pairs.
    SELECT concat_ws(' ', o.class::oid, o.id, o.sub) AS key, o.class, i.type, i.identity
      FROM (SELECT class, id, sub FROM wanted UNION SELECT need_class, need, need_sub FROM wanted) o
      LEFT JOIN pg_class r ON r.oid = o.id AND o.class = 'pg_class'::regclass
      LEFT JOIN pg_constraint k ON k.oid = o.id AND o.class = 'pg_constraint'::regclass
      LEFT JOIN pg_trigger g ON g.oid = o.id AND o.class = 'pg_trigger'::regclass
      LEFT JOIN pg_rewrite w ON w.oid = o.id AND o.class = 'pg_rewrite'::regclass
      LEFT JOIN pg_policy y ON y.oid = o.id AND o.class = 'pg_policy'::regclass
      LEFT JOIN pg_attrdef a ON a.oid = o.id AND o.class = 'pg_attrdef'::regclass
      -- The table of what is on one, and the type of a domain's constraint.
      LEFT JOIN pg_class t ON t.oid = coalesce(r.oid, nullif(k.conrelid, 0), g.tgrelid, w.ev_class, y.polrelid,
                                                 a.adrelid)
      LEFT JOIN pg_type d ON d.oid = k.contypid
     CROSS JOIN LATERAL pg_identify_object(o.class, o.id, o.sub) i
     WHERE o.class <> 'pg_default_acl'::regclass
       AND (coalesce(t.relnamespace, d.typnamespace) IS NULL
            OR coalesce(t.relnamespace, d.typnamespace) IN (SELECT oid FROM schema))
       AND (i.schema IS NULL OR i.schema IN (SELECT quote_ident(s.nspname) FROM schema s))
       AND (o.class <> 'pg_namespace'::regclass OR o.id IN (SELECT oid FROM schema))
       AND coalesce(t.relpersistence, 'p') <> 't'
       -- Columns of views and of types are parts of them.
       AND (o.sub = 0 OR r.relkind IN ('r', 'p', 'f'))
       -- What every database has is no schema, nor is this product.
       AND (o.class <> 'pg_extension'::regclass OR i.identity NOT IN ('nself_heal', 'plpgsql'))
       AND coalesce(NOT g.tgisinternal, true)
       -- A NOT NULL is a part of its column, a constraint trigger is a trigger; the clones of a foreign key come with
       -- it.
       AND coalesce(k.contype NOT IN ('n', 't') AND NOT (k.contype = 'f' AND k.conparentid <> 0), true)
       -- Three questions and not one with OR, which would look at every member for every object.
       AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = o.class AND m.objid = o.id)
       AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = 'pg_class'::regclass AND m.objid = t.oid)
       AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = 'pg_type'::regclass AND m.objid = d.oid)
)
SELECT coalesce(json_agg(x ORDER BY x.identity COLLATE "C", x.object_type), '[]')::text
  FROM (SELECT l.type AS object_type,
               l.identity,
               json_agg(json_build_object('object_type', n.type, 'identity', n.identity)
                        ORDER BY n.identity COLLATE "C", n.type) AS needs
          FROM (SELECT concat_ws(' ', class::oid, id, sub) AS object,
                       concat_ws(' ', need_class::oid, need, need_sub) AS need
                  FROM wanted) w
          FULL JOIN listed l ON l.key = w.object
          FULL JOIN listed n ON n.key = w.need
         WHERE coalesce(w.need, '') <> '' AND coalesce(n.key, '') <> ''
           AND coalesce(l.class, 0) NOT IN (0, 'pg_extension'::regclass)
         GROUP BY l.type, l.identity) x
