# shellcheck shell=bash
# What every script here shares: how it talks, how it fails, how it counts time. Sourced, never run.

# What a caller may leave behind and no script wants: its locale (in a Turkish one 'i' has another capital), a search path of
# `cd`, files to read first, ignored ends of children, closed standard descriptors. Closed stdout stays unwritable.
unset -v BASH_ENV ENV CDPATH GREP_OPTIONS GREP_COLORS POSIXLY_CORRECT
set +o posix
IFS=$' \t\n'
export LC_ALL=C
{ true <&0; } 2>/dev/null || exec </dev/null
{ true >&2; } 2>/dev/null || exec 2>/dev/null
{ true >&1; } 2>/dev/null || exec 1</dev/null
# bash itself cannot take back what was ignored when it started, and its children would have no exit codes.
[[ -z $(trap -p CHLD) ]] || exec env --default-signal=CHLD "$BASH" "$0" "$@"

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

# nearest WORD CANDIDATE…: the candidate that was probably meant: at most two letters (of a long one, a quarter) are
# missing, added, changed or swapped. Nothing if none is near.
nearest() {
    local word=${1:0:100} candidate best='' distance least=1000 limit row column cost above left corner
    local -a current previous before
    shift
    for candidate in "$@"; do
        limit=$((${#candidate} / 4 > 2 ? ${#candidate} / 4 : 2))
        current=()
        for ((column = 0; column <= ${#candidate}; column++)); do current[column]=$column; done
        for ((row = 1; row <= ${#word}; row++)); do
            before=(${previous[@]+"${previous[@]}"}) previous=("${current[@]}") current=("$row")
            for ((column = 1; column <= ${#candidate}; column++)); do
                cost=1
                [[ ${word:row-1:1} != "${candidate:column-1:1}" ]] || cost=0
                above=$((previous[column] + 1)) left=$((current[column - 1] + 1)) corner=$((previous[column - 1] + cost))
                distance=$((above < left ? above : left))
                distance=$((corner < distance ? corner : distance))
                if ((row > 1 && column > 1 && before[column - 2] + 1 < distance)) &&
                    [[ ${word:row-2:2} == "${candidate:column-1:1}${candidate:column-2:1}" ]]; then
                    distance=$((before[column - 2] + 1))
                fi
                current[column]=$distance
            done
        done
        distance=${current[${#candidate}]}
        if ((distance < least && distance <= limit && 2 * distance <= ${#candidate})); then
            least=$distance best=$candidate
        fi
    done
    printf '%s' "$best"
}

# unknown KIND WORD CANDIDATE…: the command line was wrong; names the candidate that was probably meant.
unknown() {
    local meant
    meant=$(nearest "${@:2}")
    misuse "unknown $1 $2${meant:+; did you mean $meant?}"
}

# unknown_option WORD: the options of this script are those that its help names.
unknown_option() {
    local -a options
    mapfile -t options < <(print_help "$0" | grep -oE -- '--[a-z][a-z-]*' | sort -u)
    unknown option "${1%%=*}" ${options[@]+"${options[@]}"} --help
}

# print_version: the programs and scripts have one version.
print_version() {
    sed -n 's/.*let text = "\(.*\)"/\1/p' "$ROOT/Sources/CommandLineKit/StampedeVersion.swift"
}

# data_option: what a command for DATA is told beside the usual: " --data DIR", or nothing.
data_option() {
    [[ $DATA == "$(absolute .stampede)" && -z ${STAMPEDE_DATA:-} ]] || printf ' --data %q' "$DATA"
}

# print_help FILE: the comment block under the #! line of a script is its help.
print_help() { awk 'NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$1"; }

# show_help: and ends the script.
show_help() {
    print_help "$0" || exit "$EXIT_FAILURE"
    exit 0
}

# need_arguments: prints the help to stderr and exits with 2: the script was called without arguments.
need_arguments() {
    print_help "$0" >&2
    exit "$EXIT_USAGE"
}

# need_value OPTION COUNT: an option at the end of the line lacks its value.
need_value() { (($2 >= 2)) || misuse "$1 needs a value"; }

# The highest --port-base: the ports of a run are up to 90 above it.
# shellcheck disable=SC2034 # used by those who source this
readonly MAXIMUM_PORT_BASE=65445

# need_number OPTION VALUE LOW HIGH: leaves it in `number` as bash counts: 026708 would be no number for it, or another one.
need_number() {
    if ! [[ $2 =~ ^[0-9]{1,9}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        misuse "$1 must be a number from $3 to $4, not $(printf %q "$2")"
    fi
    # shellcheck disable=SC2034 # the caller uses it
    number=$((10#$2))
}

# absolute PATH: the same path from the root; nothing of it need exist. A name that the programs cannot carry is refused: they
# would work in another directory, beside it.
absolute() {
    local path
    [[ -n $1 ]] || misuse "an empty path names nothing"
    # The mark keeps line ends at the end of a name, which $(…) would take away.
    path=$(realpath --canonicalize-missing -- "$1" && printf .) || fail "$(printf %q "$1") leads nowhere"
    path=${path%$'\n.'}
    [[ $path != *[[:cntrl:]]* ]] || misuse "$(printf %q "$path") holds control characters; rename it, or name another"
    is_utf8 "$path" || misuse "$(printf %q "$path") is not UTF-8; rename it, or name another"
    printf '%s\n' "$path"
}

# is_utf8 TEXT
is_utf8() { printf %s "$1" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1; }

# now_milliseconds: since the machine's start, by a clock that nobody sets; without starting a process.
now_milliseconds() {
    local uptime
    read -r uptime _ </proc/uptime
    printf '%s\n' "$((10#${uptime/./} * 10))"
}

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
