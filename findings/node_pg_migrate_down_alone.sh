#!/usr/bin/env bash
# node-pg-migrate 9.0.0, on Node 20.20.2.
#
# A migration in SQL can have its two parts in one file, each below a comment, "-- Up Migration" and "-- Down Migration".
# One would think that a file which has only the second comment is applied up to there. It is not: without the first
# comment the whole file is the up part, the down part included. Applied, it takes back what it has just made, in the same
# transaction, and is noted as applied. Nothing is said.
#
# Seen: one query, sent between BEGIN and COMMIT:
#   CREATE TABLE people (id int);
#
#   -- Down Migration
#   DROP TABLE people;
# and after it the INSERT into the list of applied migrations. (With both comments only what is between them is sent.)
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true, "type": "module"}' >package.json
npm install --no-audit --no-fund --loglevel=error node-pg-migrate@9.0.0 pg@8.23.1 >&2
mkdir alone both
printf 'CREATE TABLE people (id int);\n\n-- Down Migration\nDROP TABLE people;\n' >alone/1704067200000_people.sql
printf -- '-- Up Migration\nCREATE TABLE people (id int);\n\n-- Down Migration\nDROP TABLE people;\n' >both/1704067200000_people.sql
# What is sent to a server is shown here instead.
cat >sent.mjs <<'EOF'
import { runner } from "node-pg-migrate";
const sent = [];
const dbClient = { query: async (query) => (sent.push(String(query.text ?? query).trim()), { rows: [] }) };
await runner({ dbClient, dir: process.argv[2], direction: "up", migrationsTable: "done", noLock: true, log: () => {} });
console.log(sent.slice(sent.indexOf("BEGIN;") + 1, sent.indexOf("COMMIT;")).join("\n"));
EOF
alone=$(node sent.mjs alone)
both=$(node sent.mjs both)
printf 'With the second comment alone:\n%s\n\nWith both:\n%s\n' "$alone" "$both"
[[ $alone == *"CREATE TABLE people"*"DROP TABLE people"*"INSERT INTO"*1704067200000_people* ]]
[[ $both == *"CREATE TABLE people"* && $both != *"DROP TABLE people"* ]]
