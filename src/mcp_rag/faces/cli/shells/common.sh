  # What the pane shows of the failed command, from behind its own line to before the line of `why`.
  __mcp_rag_pane() {
    [ -n "${TMUX:-}" ] && [ -n "${TMUX_PANE:-}" ] || return 1
    tmux capture-pane -p -J -S -10000 -t "$TMUX_PANE" 2>/dev/null | __mcp_rag_wanted=$__mcp_rag_failed awk '
      BEGIN { count = split(ENVIRON["__mcp_rag_wanted"], typed, "\n"); wanted = typed[count] }
      { line[NR] = $0; sub(/[ \t]+$/, "", line[NR]); if (line[NR] != "") last = NR }
      END {
        for (at = last - 1; at > 0; at--)
          if (length(line[at]) > length(wanted) &&
              substr(line[at], length(line[at]) - length(wanted) + 1) == wanted) { found = at; break }
        if (!found || found + 1 > last - 1) exit 1
        for (at = found + 1; at < last; at++) print line[at]
      }'
  }

  why() {
    case "${1:-}" in
      -h | --help)
        printf '%s\n' 'why            explain the last failed command: in tmux from what the pane shows, elsewhere by' \
          '               running it again, after asking' 'why -r         run the last failed command again, and explain it' \
          'why COMMAND…   run COMMAND, and explain it when it fails'
        return 0 ;;
      '' | -r) ;;
      *) "$__mcp_rag_program" run -- "$@"; return ;;
    esac
    if [ -z "$__mcp_rag_failed" ]; then
      printf '%s\n' 'why: no command has failed in this shell yet' >&2
      return 1
    fi
    local shown answer
    if [ "${1:-}" != -r ] && shown=$(__mcp_rag_pane); then
      printf '%s\n' "$shown" | "$__mcp_rag_program" diagnose --exited "$__mcp_rag_code" -
      return
    fi
    printf 'why: %s  (exit code %s)\n' "$__mcp_rag_failed" "$__mcp_rag_code" >&2
    if [ "${1:-}" != -r ]; then
      if ! [ -t 0 ]; then
        printf '%s\n' 'why: its output was not kept; `why -r` runs it again' >&2
        return 1
      fi
      printf 'Its output was not kept. Run it again? [y/N] ' >&2
      IFS= read -r answer || return 1
      case "$answer" in [yY] | [yY][eE][sS]) ;; *) return 1 ;; esac
    fi
    __mcp_rag_again "$__mcp_rag_failed"
  }
