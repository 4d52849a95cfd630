#!/usr/bin/env bash
# Puts what backup.sh wrote in place of the ledger, and makes the index anew from it. The server must be stopped.
#
#   deploy/restore.sh FILE.tar.gz
#
# It takes the server's own settings. The ledger that is there is replaced: it refuses unless it is empty or absent, or
# REPLACE=yes is set. PG_RUN says how a command is run where PostgreSQL is, MCP_RAG how the program is called:
#
#   PG_RUN='docker compose --file deploy/compose.yaml exec -T postgres' \
#   MCP_RAG='docker compose --file deploy/compose.yaml run --rm -T mcp-rag' \
#   MCP_RAG_LEDGER_URL=postgresql+psycopg://mcp_rag@localhost/mcp_rag deploy/restore.sh FILE.tar.gz
set -euo pipefail
umask 077

fail() { printf 'restore: %s\n' "$*" >&2; exit 1; }
[ $# -eq 1 ] || fail "name the archive to read: restore.sh FILE.tar.gz"
[ -f "$1" ] || fail "there is no archive $1"
home=${MCP_RAG_HOME:-}
ledger=${MCP_RAG_LEDGER_URL:-}
[ -n "$home$ledger" ] || fail "set MCP_RAG_HOME or MCP_RAG_LEDGER_URL as the server has them"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tar -C "$scratch" -xzf "$1" || fail "$1 is no archive of backup.sh, or is damaged; nothing was changed"
[ -f "$scratch/SHA256SUMS" ] || fail "$1 is no archive of backup.sh; nothing was changed"
(cd "$scratch" && sha256sum --quiet --check SHA256SUMS) || fail "$1 is damaged; nothing was changed"

replace_postgresql() {
  [ -f "$scratch/ledger.pgdump" ] || fail "$1 holds no PostgreSQL ledger; \`mcp-rag knowledge export\` moves between kinds"
  local url=${ledger/+psycopg/} tables
  # shellcheck disable=SC2086 # PG_RUN is a command with its arguments
  tables=$(${PG_RUN:-} psql --no-psqlrc --tuples-only --no-align --dbname="$url" \
    --command="select count(*) from pg_tables where schemaname = 'public'")
  [ "$tables" = 0 ] || [ "${REPLACE:-}" = yes ] || fail "the ledger has $tables tables already; set REPLACE=yes to replace it"
  # shellcheck disable=SC2086
  ${PG_RUN:-} pg_restore --single-transaction --clean --if-exists --no-owner --exit-on-error --dbname="$url" \
    <"$scratch/ledger.pgdump"
}

replace_sqlite() {
  [ -f "$scratch/ledger.sqlite" ] || fail "$1 holds no SQLite ledger; \`mcp-rag knowledge export\` moves between kinds"
  [ -n "$home" ] || [ ! -d "$scratch/teams" ] || fail "$1 holds ledgers of teams, whose place is in MCP_RAG_HOME; set it"
  local database=${ledger#sqlite:///}
  database=${database:-$home/ledger.db}
  [ ! -e "$database" ] || [ "${REPLACE:-}" = yes ] || fail "$database is there already; set REPLACE=yes to replace it"
  place_sqlite "$scratch/ledger.sqlite" "$database"
  local team
  for team in "$scratch"/teams/*.sqlite; do
    [ -f "$team" ] || continue
    place_sqlite "$team" "$home/teams/$(basename "$team" .sqlite)/ledger.db"
  done
}

place_sqlite() { # FROM TO
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.new"
  rm -f "$2-wal" "$2-shm"
  mv "$2.new" "$2"
}

case $ledger in
  postgresql*) replace_postgresql "$1" ;;
  '' | sqlite*) replace_sqlite "$1" ;;
  *) fail "no restore is known of the ledger $(printf %s "$ledger" | cut -d: -f1)" ;;
esac
if [ -n "$home" ] && [ -d "$scratch/jobs" ]; then mkdir -p "$home/jobs" && cp -R "$scratch/jobs/." "$home/jobs/"; fi
# The index may hold what came after the backup, or nothing at all.
${MCP_RAG:-mcp-rag} knowledge rebuild >&2
printf 'restore: the ledger of %s is in force\n' "$1" >&2
