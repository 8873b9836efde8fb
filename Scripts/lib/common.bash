# shellcheck shell=bash
# What every script here shares: how it talks, how it fails, how it counts time. Sourced, never run.

# Exit codes, the same as the operator's CLI: 0 ok, 1 failure, 2 wrong usage.
readonly EXIT_FAILURE=1 EXIT_USAGE=2

# say TEXT…: talk goes to stderr, data to stdout.
say() { printf '%s\n' "$*" >&2; }

# fail TEXT…: says what is wrong and what to do, and ends the script.
fail() {
    say "${0##*/}: $*"
    exit "$EXIT_FAILURE"
}

# misuse TEXT…: the command line was wrong.
misuse() {
    say "${0##*/}: $*"
    say "Try: ${0##*/} --help"
    exit "$EXIT_USAGE"
}

# print_help FILE: the comment block under the #! line of a script is its help.
print_help() { awk 'NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$1"; }

# need_value OPTION COUNT: an option at the end of the line lacks its value.
need_value() { (($2 >= 2)) || misuse "$1 needs a value"; }

# need_number OPTION VALUE LOW HIGH
need_number() {
    if ! [[ $2 =~ ^[0-9]{1,9}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        misuse "$1 must be a number from $3 to $4, not '$2'"
    fi
}

# absolute PATH: the same path from the root; nothing of it need exist.
absolute() { realpath --canonicalize-missing -- "$1"; }

# now_milliseconds: the wall clock, without starting a process.
now_milliseconds() { local micros=${EPOCHREALTIME/[.,]/}; printf '%s\n' "$((micros / 1000))"; }

# seconds_since MILLISECONDS: "12.3"
seconds_since() {
    local passed=$(($(now_milliseconds) - $1))
    printf '%d.%d\n' "$((passed / 1000))" "$((passed % 1000 / 100))"
}

# json_string TEXT: TEXT as a JSON string.
json_string() {
    local text=$1 result='' character index code
    for ((index = 0; index < ${#text}; index++)); do
        character=${text:index:1}
        case $character in
            '"' | \\) result+="\\$character" ;;
            [[:cntrl:]])
                printf -v code '\\u%04x' "'$character"
                result+=$code
                ;;
            *) result+=$character ;;
        esac
    done
    printf '"%s"' "$result"
}
