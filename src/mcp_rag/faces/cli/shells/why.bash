# mcp-rag: `why` explains the last failed command. In ~/.bashrc: eval "$(mcp-rag shell-init bash)"
if [[ $- == *i* ]]; then
  __mcp_rag_program=@PROGRAM@
  __mcp_rag_failed='' __mcp_rag_code=0 __mcp_rag_number='' __mcp_rag_ready=''

  # Runs before each prompt. It starts no process unless a command failed, and leaves $? as it was.
  __mcp_rag_prompt() {
    local code=$? number=''
    if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)); then number='\!' && number=${number@P}; fi
    # The first prompt's exit code is that of the start-up files; an unchanged number, of a line that no history holds.
    if ((code != 0)) && [[ -n $__mcp_rag_ready && ($number != "$__mcp_rag_number" || -z $number) ]]; then
      local line
      line=$(HISTTIMEFORMAT='' builtin history 1)
      [[ $line =~ ^[[:space:]]*[0-9]+[*[:space:]][[:space:]]*(.*)$ ]] && line=${BASH_REMATCH[1]}
      if [[ -n $line && $line != why && $line != why\ * ]]; then __mcp_rag_failed=$line __mcp_rag_code=$code; fi
    fi
    # In an empty history the first line has the number that its prompt had.
    if [[ -z $__mcp_rag_ready && -z $(builtin history 1) ]]; then number=0; fi
    __mcp_rag_number=$number __mcp_rag_ready=1
    return "$code"
  }

  __mcp_rag_again() {
    local first=${1%%[[:space:]]*} before=''
    [[ $(type -t -- "$first") == function ]] && before=$(declare -f -- "$first")
    "$__mcp_rag_program" run -- "$BASH" -O expand_aliases -c "$(alias -p)"$'\n'"$before"$'\n'"$1"
  }

@COMMON@

  # Never twice: this file may be read again.
  if [[ "${PROMPT_COMMAND[*]:-}" != *__mcp_rag_prompt* ]]; then
    if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
      PROMPT_COMMAND=(__mcp_rag_prompt "${PROMPT_COMMAND[@]}")
    else
      PROMPT_COMMAND="__mcp_rag_prompt${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND}"
    fi
  fi
fi
