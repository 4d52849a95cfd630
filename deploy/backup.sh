#!/usr/bin/env bash
# Writes all that MCP-RAG can't make again into one archive: the ledger (known issues, incidents, outcomes, tokens), the
# ledgers of a server's teams, and the digests of good runs. The index and the models are left out: they are made anew
# from the ledger.
#
#   deploy/backup.sh FILE.tar.gz
#
# It may run while the server does: the ledger is read in one transaction. It takes the server's own settings,
# MCP_RAG_HOME and MCP_RAG_LEDGER_URL. Where PostgreSQL runs in a container, say how a command is run there:
#
#   PG_RUN='docker compose --file deploy/compose.yaml exec -T postgres' \
#   MCP_RAG_LEDGER_URL=postgresql+psycopg://mcp_rag@localhost/mcp_rag deploy/backup.sh FILE.tar.gz
set -euo pipefail
umask 077

fail() { printf 'backup: %s\n' "$*" >&2; exit 1; }
[ $# -eq 1 ] || fail "name the archive to write: backup.sh FILE.tar.gz"
archive=$1
[ ! -e "$archive" ] || fail "$archive is there already; an archive is never written over"
home=${MCP_RAG_HOME:-}
ledger=${MCP_RAG_LEDGER_URL:-}
[ -n "$home$ledger" ] || fail "set MCP_RAG_HOME or MCP_RAG_LEDGER_URL as the server has them"

copy_sqlite() { # FROM TO
  "${PYTHON:-python3}" - "$1" "$2" <<'PYTHON'
import sqlite3
import sys

with sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True) as live, sqlite3.connect(sys.argv[2]) as copy:
    live.backup(copy)
PYTHON
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch" "$archive.new"' EXIT
case $ledger in
  postgresql*)
    # shellcheck disable=SC2086 # PG_RUN is a command with its arguments
    ${PG_RUN:-} pg_dump --format=custom --no-owner --dbname="${ledger/+psycopg/}" >"$scratch/ledger.pgdump"
    ;;
  '' | sqlite*)
    database=${ledger#sqlite:///}
    database=${database:-$home/ledger.db}
    [ -f "$database" ] || fail "there is no ledger $database"
    copy_sqlite "$database" "$scratch/ledger.sqlite"
    # A team's ledger is a file of its own; with PostgreSQL it is a schema of the database, which was taken whole.
    for database in "${home:-.}"/teams/*/ledger.db; do
      [ -n "$home" ] && [ -f "$database" ] || continue
      mkdir -p "$scratch/teams"
      copy_sqlite "$database" "$scratch/teams/$(basename "$(dirname "$database")").sqlite"
    done
    ;;
  *) fail "no backup is known of the ledger $(printf %s "$ledger" | cut -d: -f1)" ;;
esac
if [ -n "$home" ] && [ -d "$home/jobs" ]; then cp -R "$home/jobs" "$scratch/jobs"; fi
(cd "$scratch" && find . -type f ! -name SHA256SUMS -exec sha256sum {} + >SHA256SUMS)
tar -C "$scratch" -czf "$archive.new" .
mv "$archive.new" "$archive"
printf 'backup: wrote %s (%s bytes)\n' "$archive" "$(wc -c <"$archive")" >&2
