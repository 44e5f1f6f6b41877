# Completion of coaxctl for bash: words and options come from its own --help, so that it never says more or less than the program.
_coaxctl() {
  local current=${COMP_WORDS[COMP_CWORD]} word words=() help
  # The commands so far: what stands before the word, without options and what they take.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || words+=("$word")
  done
  case ${COMP_WORDS[COMP_CWORD-1]} in
    --scope) COMPREPLY=($(compgen -W "cpe subscriber modem" -- "$current")); return ;;
    --state) COMPREPLY=($(compgen -W "active expired released abandoned free reset backup" -- "$current")); return ;;
    --socket | --allow | -o) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [[ ${words[*]} == "token new "* ]]; then
    COMPREPLY=($(compgen -W "sensor desk admin" -- "$current"))
    return
  fi
  if [[ ${words[*]} == "quarantine dns-config"* && $current != -* ]]; then
    COMPREPLY=($(compgen -W "dnsmasq unbound" -- "$current"))
    return
  fi
  help=$(coaxctl "${words[@]:0:2}" --help 2>/dev/null)
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$(grep -oE -- '--[a-z][a-z-]*' <<<"$help" | sort -u)" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$(sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$help")" -- "$current"))
  fi
}
complete -F _coaxctl coaxctl
