# For scripts to source: `side_by_side` runs functions of the script at the same time. When all have
# ended, it shows what each one printed and how long it took. It fails if any function failed.
# A function fails if its last command does, so a function chains its commands with `&&`.

side_by_side() {
    local name place status=0
    local -a processes=()
    place=$(mktemp -d)
    echo "side by side: $*"
    for name in "$@"; do
        (
            SECONDS=0
            trap 'printf "==> %s: %d s\n" "$name" "$SECONDS"' EXIT
            "$name"
        ) >"$place/$name" 2>&1 &
        processes+=($!)
    done
    for name in "$@"; do
        wait "${processes[0]}" || status=1
        processes=("${processes[@]:1}")
        printf '\n==> %s\n' "$name"
        cat "$place/$name"
    done
    rm -r "$place"
    return "$status"
}
