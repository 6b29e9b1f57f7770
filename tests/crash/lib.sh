# shellcheck shell=bash
# What the tests against private clusters share; sourced, never run.
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

sql() { "$PG_BIN/psql" -XqtA -v ON_ERROR_STOP=1 "$@"; }
# Waits until a query returns what it should, for two minutes at most.
until_sql() {
    local wanted=$1 query=$2 got=
    for _ in $(seq 1200); do
        got=$(sql -c "$query" 2>/dev/null) || got='(no answer)'
        [[ $got != "$wanted" ]] || return 0
        sleep 0.1
    done
    die "'$query' gave '$got', not '$wanted'"
}
# Fails unless a text holds all that it should.
says() {
    local what=$1 text=$2 wanted
    shift 2
    for wanted in "$@"; do
        [[ $text == *"$wanted"* ]] || die "$what: '$wanted' is not in: $text"
    done
    say "ok    $what"
}
