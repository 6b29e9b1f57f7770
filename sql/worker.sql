-- This is where the database is at home. Nobody is to say so but by nself_heal_enable() and nself_heal_disable().
CREATE FUNCTION nself.settle() RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'nself_settle_wrapper';
SELECT nself.settle();
DROP FUNCTION nself.settle();

-- The launcher looks at a new database at once.
CREATE FUNCTION nself.wake() RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'nself_wake_wrapper';
COMMENT ON FUNCTION nself.wake() IS
'Asks the background worker to look at this database once the transaction has committed. Without shared_preload_libraries = ''nself_heal'' there is none, and nothing happens.';
SELECT nself.wake();
