# mcp-rag: `why` explains the last failed command. In config.fish: mcp-rag shell-init fish | source
if status is-interactive
    set -g __mcp_rag_program @PROGRAM@
    set -q __mcp_rag_failed; or set -g __mcp_rag_failed ''
    set -q __mcp_rag_code; or set -g __mcp_rag_code 0

    # Starts no process, and leaves $status as it was. Read again, it takes its own place.
    function __mcp_rag_after --on-event fish_postexec
        set -l code $status
        if test $code -ne 0; and not string match -qr '^\s*(why(\s|$)|$)' -- "$argv[1]"
            set -g __mcp_rag_failed "$argv[1]"
            set -g __mcp_rag_code $code
        end
        return $code
    end

    # What the pane shows of the failed command, from behind its own line to before the line of `why`.
    function __mcp_rag_pane
        test -n "$TMUX"; and test -n "$TMUX_PANE"; or return 1
        set -lx __mcp_rag_wanted "$__mcp_rag_failed"
        tmux capture-pane -p -J -S -10000 -t "$TMUX_PANE" 2>/dev/null | awk '
          BEGIN { count = split(ENVIRON["__mcp_rag_wanted"], typed, "\n"); wanted = typed[count] }
          { line[NR] = $0; sub(/[ \t]+$/, "", line[NR]); if (line[NR] != "") last = NR }
          END {
            for (at = last - 1; at > 0; at--)
              if (length(line[at]) > length(wanted) &&
                  substr(line[at], length(line[at]) - length(wanted) + 1) == wanted) { found = at; break }
            if (!found || found + 1 > last - 1) exit 1
            for (at = found + 1; at < last; at++) print line[at]
          }'
    end

    function __mcp_rag_again
        set -l first (string split -m1 ' ' -- (string trim -- "$argv[1]"))[1]
        set -l before ''
        functions -q -- $first; and set before (functions -- $first | string collect)
        $__mcp_rag_program run -- (status fish-path) -c "$before"\n"$argv[1]"
    end

    function why --description 'Explain the last failed command'
        switch "$argv[1]"
            case -h --help
                printf '%s\n' 'why            explain the last failed command: in tmux from what the pane shows, elsewhere by' \
                    '               running it again, after asking' \
                    'why -r         run the last failed command again, and explain it' \
                    'why COMMAND…   run COMMAND, and explain it when it fails'
                return 0
            case '' -r
            case '*'
                $__mcp_rag_program run -- $argv
                return
        end
        if test -z "$__mcp_rag_failed"
            printf '%s\n' 'why: no command has failed in this shell yet' >&2
            return 1
        end
        if test "$argv[1]" != -r
            set -l shown (__mcp_rag_pane | string collect)
            if test -n "$shown"
                printf '%s\n' "$shown" | $__mcp_rag_program diagnose --exited $__mcp_rag_code -
                return
            end
        end
        printf 'why: %s  (exit code %s)\n' "$__mcp_rag_failed" $__mcp_rag_code >&2
        if test "$argv[1]" != -r
            if not isatty stdin
                printf '%s\n' 'why: its output was not kept; `why -r` runs it again' >&2
                return 1
            end
            read -l -P 'Its output was not kept. Run it again? [y/N] ' answer; or return 1
            string match -qir '^y(es)?$' -- "$answer"; or return 1
        end
        __mcp_rag_again "$__mcp_rag_failed"
    end
end
