# shellcheck shell=bash
# The six processes of a run: their names, ports and binaries. Sourced after common.bash.

readonly SERVICES=(payment-gateway order-service inventory-service payment-service notification-service analytics-service)

# The ports by the variable that carries each, with the default and the offset from --port-base.
readonly PORT_TABLE=(
    "STAMPEDE_CHECKOUT_PORT order-service checkout 8080 0"
    "STAMPEDE_ORDER_ADMIN_PORT order-service admin 9101 1"
    "STAMPEDE_INVENTORY_ADMIN_PORT inventory-service admin 9102 2"
    "STAMPEDE_PAYMENT_ADMIN_PORT payment-service admin 9103 3"
    "STAMPEDE_NOTIFICATION_ADMIN_PORT notification-service admin 9104 4"
    "STAMPEDE_ANALYTICS_ADMIN_PORT analytics-service admin 9105 5"
    "STAMPEDE_GATEWAY_PORT payment-gateway gateway 8090 90"
)

# full_name NAME: the service meant; "payment" is payment-service, "gateway" payment-gateway.
full_name() {
    local service
    for service in "${SERVICES[@]}"; do
        if [[ $1 == "$service" || $1-service == "$service" || ($1 == gateway && $service == payment-gateway) ]]; then
            printf '%s\n' "$service"
            return
        fi
    done
    service=$(nearest "$1" "${SERVICES[@]}" "${SERVICES[@]%-service}" gateway)
    misuse "there is no service '$1'${service:+; did you mean $service?} There are: ${SERVICES[*]}"
}

# export_ports [BASE]: exports one STAMPEDE_… variable a port: from BASE, else from the environment, else the default.
export_ports() {
    local row variable offset default value number
    for row in "${PORT_TABLE[@]}"; do
        read -r variable _ _ default offset <<<"$row"
        if [[ -n ${1:-} ]]; then value=$(($1 + offset)); else value=${!variable:-$default}; fi
        need_number "$variable" "$value" 1 65535
        export "$variable=$number"
    done
}

# ports_of SERVICE: lines "role port".
ports_of() {
    local row variable owner role
    for row in "${PORT_TABLE[@]}"; do
        read -r variable owner role _ <<<"$row"
        [[ $owner != "$1" ]] || printf '%s %s\n' "$role" "${!variable}"
    done
}

# health_port SERVICE: where it answers /health and /metrics.
health_port() {
    local role port
    while read -r role port; do
        [[ $role == checkout ]] || printf '%s\n' "$port"
    done < <(ports_of "$1")
}

# port_listener PORT: the inode of the socket that listens on PORT, if any.
port_listener() {
    local hex
    printf -v hex '%04X' "$1"
    # /proc/net/tcp: local address, remote address, state (0A: listening), …, inode in the tenth column.
    awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10; exit }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null || true
}

# free_port_base: a --port-base whose ports are all free, below those that outgoing connections take.
free_port_base() {
    local base row offset free
    while true; do
        base=$((20000 + SRANDOM % 100 * 100)) free=yes
        for row in "${PORT_TABLE[@]}"; do
            read -r _ _ _ _ offset <<<"$row"
            [[ -z $(port_listener $((base + offset))) ]] || free=''
        done
        [[ -z $free ]] || break
    done
    printf '%s\n' "$base"
}

# refuse_taken_ports: fails naming every port that somebody listens on already, and for which service it was meant.
refuse_taken_ports() {
    local row variable service role port listener owner taken=() seen=' '
    for row in "${PORT_TABLE[@]}"; do
        read -r variable service role _ <<<"$row"
        port=${!variable}
        [[ $seen != *" $port "* ]] || fail "port $port is given twice; $variable=$port is the second"
        seen+="$port "
        listener=$(port_listener "$port")
        [[ -n $listener ]] || continue
        owner=$(find /proc/[0-9]*/fd -lname "socket:\[$listener\]" -print -quit 2>/dev/null | cut -d/ -f3 || true)
        taken+=("port $port ($role of $service, $variable) is taken by $(describe_process "$owner")")
    done
    ((${#taken[@]} == 0)) || {
        printf '%s\n' "${taken[@]}" >&2
        fail "nothing was started; choose others with --port-base N or the variables named"
    }
}

# describe_process [PID]
describe_process() {
    if [[ -n ${1:-} ]]; then
        printf 'process %s (%s)\n' "$1" "$(cat "/proc/$1/comm" 2>/dev/null || echo gone)"
    else
        echo "another process"
    fi
}

# has_all_binaries DIR
has_all_binaries() {
    local service
    for service in "${SERVICES[@]}"; do
        [[ -f $1/$service && -x $1/$service ]] || return 1
    done
}

# find_binaries ROOT: the directory with the newest complete set: STAMPEDE_BIN, else a release or a debug build.
find_binaries() {
    if [[ -n ${STAMPEDE_BIN:-} ]]; then
        has_all_binaries "$STAMPEDE_BIN" || fail "STAMPEDE_BIN=$STAMPEDE_BIN lacks one of: ${SERVICES[*]}"
        absolute "$STAMPEDE_BIN"
        return
    fi
    local directory candidates=()
    for directory in "$1/.build/release" "$1/.build/debug" "$1/.build/test/debug"; do
        has_all_binaries "$directory" && candidates+=("${SERVICES[@]/#/"$directory/"}")
    done
    ((${#candidates[@]} > 0)) || fail "nothing is built yet; run 'swift build -c release' in $1, or name a directory with --bin"
    local binary newest=${candidates[0]}
    for binary in "${candidates[@]}"; do
        [[ $binary -nt $newest ]] && newest=$binary
    done
    printf '%s\n' "${newest%/*}"
}

# find_measured_binaries ROOT: what is measured is the release build, also where a debug build is newer.
find_measured_binaries() {
    if [[ -z ${STAMPEDE_BIN:-} ]] && has_all_binaries "$1/.build/release"; then STAMPEDE_BIN=$1/.build/release; fi
    find_binaries "$1"
}
