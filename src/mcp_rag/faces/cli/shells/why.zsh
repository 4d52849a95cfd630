# mcp-rag: `why` explains the last failed command. In ~/.zshrc: eval "$(mcp-rag shell-init zsh)"
if [[ -o interactive ]]; then
  __mcp_rag_program=@PROGRAM@
  __mcp_rag_failed='' __mcp_rag_code=0 __mcp_rag_typed=''

  # Both start no process.
  __mcp_rag_before() { __mcp_rag_typed=$1 }
  __mcp_rag_prompt() {
    local code=$?
    if (( code != 0 )) && [[ -n $__mcp_rag_typed && $__mcp_rag_typed != why && $__mcp_rag_typed != why\ * ]]; then
      __mcp_rag_failed=$__mcp_rag_typed __mcp_rag_code=$code
    fi
    __mcp_rag_typed=''
    return $code
  }

  __mcp_rag_again() {
    local first=${1%%[[:space:]]*} before=''
    (( $+functions[$first] )) && before=$(functions -- $first)
    $__mcp_rag_program run -- zsh -c "$(alias -L)"$'\n'"$before"$'\n'"eval ${(qq)1}"
  }

@COMMON@

  # add-zsh-hook takes a function once, however often this file is read.
  autoload -Uz add-zsh-hook
  add-zsh-hook preexec __mcp_rag_before
  add-zsh-hook precmd __mcp_rag_prompt
fi
