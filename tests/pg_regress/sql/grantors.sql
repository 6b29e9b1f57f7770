-- Who granted a right decides who can take it away: that is compared, and granted again in the same name.
CREATE ROLE regress_grantors_owner;
CREATE ROLE regress_grantors_middle;
CREATE ROLE regress_grantors_end;
-- What stood here before the first migration keeps its grantors in a replay.
CREATE TABLE stood (a int);
GRANT ALL ON SCHEMA public TO regress_grantors_middle;
GRANT SELECT ON stood TO regress_grantors_middle WITH GRANT OPTION;
SET ROLE regress_grantors_middle;
GRANT SELECT ON stood TO regress_grantors_end;
RESET ROLE;
CREATE EXTENSION nself_heal;
SET nself.capture_ddl = off;
SELECT version, state FROM nself_journal_put(jsonb_build_array(jsonb_build_object('path', '1_t.sql', 'content', $$
    GRANT ALL ON SCHEMA public TO regress_grantors_owner, regress_grantors_middle;
    CREATE TABLE t (a int, b int);
    ALTER TABLE t OWNER TO regress_grantors_owner;
    SET ROLE regress_grantors_owner;
    GRANT SELECT, INSERT ON t TO regress_grantors_middle WITH GRANT OPTION;
    GRANT UPDATE (a) ON t TO regress_grantors_middle WITH GRANT OPTION;
    GRANT DELETE ON t TO regress_grantors_end;
    SET ROLE regress_grantors_middle;
    GRANT SELECT ON t TO regress_grantors_end WITH GRANT OPTION;
    GRANT INSERT ON t TO regress_grantors_end;
    GRANT UPDATE (a) ON t TO regress_grantors_end;
    RESET ROLE;
$$)));
SELECT version, status FROM nself_migrate_up();
SELECT count(*) AS drift FROM nself_drift();
CREATE TEMP TABLE before AS SELECT relacl::text FROM pg_class WHERE oid = 't'::regclass;
CREATE VIEW pg_temp.who AS
    SELECT privilege_type AS privilege, is_grantable, pg_get_userbyid(grantor) AS grantor
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) WHERE c.oid = 't'::regclass AND pg_get_userbyid(grantee) = 'regress_grantors_end' ORDER BY 1, 3;
SELECT * FROM pg_temp.who;
-- The same rights, granted by somebody else, or by somebody else as well.
SET ROLE regress_grantors_middle;
REVOKE SELECT, UPDATE (a) ON t FROM regress_grantors_end;
SET ROLE regress_grantors_owner;
GRANT SELECT ON t TO regress_grantors_end WITH GRANT OPTION;
GRANT UPDATE (a), INSERT ON t TO regress_grantors_end;
RESET ROLE;
SELECT * FROM pg_temp.who;
SELECT kind, object_type, identity, expected, actual, safety, reason, remedy FROM nself_drift();
SELECT object_type, live, expected FROM nself_drift_not_compared();
-- The remedy leads back.
SELECT format('DO %L', 'BEGIN ' || remedy || '; END') FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
SELECT relacl::text = (SELECT relacl FROM before) AS as_before FROM pg_class WHERE oid = 't'::regclass;
-- What is granted and revoked in the name of another role is put right in that name, too.
SET ROLE regress_grantors_middle;
REVOKE INSERT ON t FROM regress_grantors_end;
GRANT INSERT ON t TO pg_monitor;
RESET ROLE;
SELECT kind, identity, remedy FROM nself_drift() \g (format=unaligned)
SELECT format('DO %L', 'BEGIN ' || remedy || '; END') FROM nself_drift() \gexec
SELECT count(*) AS drift FROM nself_drift();
SELECT relacl::text = (SELECT relacl FROM before) AS as_before FROM pg_class WHERE oid = 't'::regclass;
-- A heal grants in the name of who granted it, if that role trusts the owner.
SET ROLE regress_grantors_middle;
REVOKE INSERT ON t FROM regress_grantors_end;
RESET ROLE;
SELECT kind, object_type, identity, expected, actual, safety, reason FROM nself_drift();
GRANT regress_grantors_middle TO regress_grantors_owner;
SELECT object_type, identity, status FROM nself_heal(true);
SELECT relacl::text = (SELECT relacl FROM before) AS as_before FROM pg_class WHERE oid = 't'::regclass;
