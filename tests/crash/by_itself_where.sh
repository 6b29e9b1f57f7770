#!/usr/bin/env bash
# Where the worker looks, and when: the databases of nself.databases, also those that come later; as often as
# nself.check_interval says, and at once when there is news.
set -euo pipefail
# shellcheck source=tests/crash/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_with_worker "nself.databases = 'app, later, \"It''s odd, isn''t it\"'"
odd="It's odd, isn't it"

# Databases by their names. One has no extension yet, one is not named.
sql -c "CREATE DATABASE later"
for name in app unnamed "$odd"; do
    project "$name"
    damage "$name" "DROP INDEX people_email"
    enable "$name"
done
until_healed app
until_healed "$odd"
two_runs app
not_healed unnamed
says "a database that is not named is left alone" "$(sql -d unnamed -c "SELECT enabled, auto_run FROM nself_heal_status()")" "t|f"
until_logged "nself_heal waits for its extension in database later: nself.databases names it"
sql -d later -c "CREATE EXTENSION nself_heal"
migrate later
damage later "DROP INDEX people_email"
enable later
until_healed later
# The launcher may have come to the others, too, before they had theirs.
logged 1 "nself_heal waits for its extension in database later: nself.databases names it"
say "ok    a database that gets the extension later is looked at without a restart"

# All databases, at once after a reload; one that comes as a copy of another, as soon as somebody wants it to.
configure "nself.databases = '*'"
until_healed unnamed
say "ok    a reload is obeyed"
sql -c "CREATE DATABASE copy TEMPLATE app"
damage copy "DROP INDEX people_email"
until_logged "nself_heal leaves database copy alone: it is a copy"
two_runs app
two_runs app
not_healed copy
logged 1 "nself_heal leaves database copy alone"
enable copy
until_healed copy
say "ok    a copy of a database is left alone, which is said once, until somebody enables it there"
sql -c "ALTER DATABASE copy RENAME TO renamed"
damage renamed "DROP INDEX people_email"
until_healed renamed
until_logged "nself_heal in database renamed: healed"
say "ok    so is one that was renamed"
sql -c "DROP DATABASE renamed WITH (FORCE)"

# A list that cannot be read is said once, and nothing is done until it can be.
configure "nself.databases = 'app,,later'"
until_logged "nself_heal cannot read its setting nself.databases"
damage app "DROP INDEX people_email"
launcher_looks
configure "nself.databases = 'app,,unnamed'"
launcher_looks
not_healed app
configure "nself.databases = '*'"
until_healed app
logged 1 "nself_heal cannot read its setting nself.databases"
say "ok    a list that cannot be read is said once"

# With an interval of zero it looks when the server starts, and when there is news; never again.
configure "nself.check_interval = 0"
damage app "DROP INDEX people_email"
"$root/scripts/cluster" restart "$CLUSTER"
until_healed app
say "ok    it looks when the server starts"
until_sql 0 "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nself_heal worker'"
damage app "DROP INDEX people_email"
for name in news more_news; do
    project "$name"
    damage "$name" "DROP INDEX people_email"
    enable "$name"
    until_healed "$name"
    not_healed app
done
say "ok    and then where there is news alone"
configure "nself.check_interval = 1"
until_healed app
says "a new interval is obeyed at once" "$(last_run app trigger)" worker
configure "nself.check_interval = '1 d'"
runs_before=$(sql -d app -c "SELECT count(*) FROM nself.heal_events")
damage app "DROP INDEX people_email"
project last_news
damage last_news "DROP INDEX people_email"
enable last_news
until_healed last_news
[[ $(sql -d app -c "SELECT count(*) - $runs_before FROM nself.heal_events") -le 1 ]] || die "a longer interval is not obeyed"
say "ok    so is a longer one"
configure "nself.check_interval = 1"
until_healed app

! server_complaints "$CLUSTER/log" >&2 || die "the server was not well"
