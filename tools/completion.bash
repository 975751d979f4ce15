# Bash completion of yent-run, as the program itself knows its options.
source <(yent-run --completion-bash)
