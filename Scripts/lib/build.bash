# shellcheck shell=bash
# Builds, with progress that fits on a screen. Sourced after common.bash.

# Where Scripts/test builds. Not in a developer's own .build/debug, which keeps an index for the editor: to be built without
# it takes a fifth less time, and going to and fro between the two would build everything anew.
# shellcheck disable=SC2034 # used by those who source this
readonly TEST_BUILD=.build/test

# build LOG ARGUMENTS…: `swift build` of the package at ROOT. All that it says goes to LOG; shown is how far it is, on a
# terminal in one line, elsewhere in a line for each tenth of the way; and the errors, should it fail.
build() {
    local log=$1 status=0 terminal=''
    shift
    [[ ! -t 2 || ${TERM:-dumb} == dumb ]] || terminal=yes
    swift build --package-path "$ROOT" --disable-index-store "$@" 2>&1 | tee "$log" | awk -v terminal="$terminal" '
        match($0, /^\[[0-9]+\/[0-9]+\]/) {
            split(substr($0, 2, RLENGTH - 2), step, "/")
            tenth = int(10 * step[1] / step[2])
            if (terminal != "") printf "\r  built %d of %d ", step[1], step[2] > "/dev/stderr"
            else if (tenth != shown) printf "  built %d of %d\n", step[1], step[2] > "/dev/stderr"
            shown = tenth
        }
        END { if (terminal != "" && shown != "") printf "\n" > "/dev/stderr" }' || status=$?
    if ((status != 0)); then
        grep -E '(error|warning):' "$log" | sort -u | head -n 40 >&2 || tail -n 40 "$log" >&2
    fi
    return "$status"
}
