# shellcheck shell=bash
# `--separate-users`: each process of a run as a user of its own, who may write what is its own and nothing else. Sourced by
# Scripts/supervisor after common.bash and services.bash, with DATA and BIN set.
#
# No user is made: the ids are numbers from STAMPEDE_USER_BASE on. To each process one for user and group, in the order of
# SERVICES; then two groups, the house, which may pass through the data directory, and the readers of the log.
#
#   .                     root      house     750   db likewise
#   db/SERVICE, mail      SERVICE   SERVICE   700   the gateway's db, too
#   log                   root      readers   750
#   log/TOPIC             SERVICE   readers  2750   whatever is made there is for the readers
#   traces                root      readers  1770   each removes and renames its own only
#   run, logs, sale       root      root
#   operator.token        root      root      600   its hash: root, house, 640
#
# Guarantee: a service that was taken over can append to no foreign topic, and read no foreign database and no secret.
# If broken: one hole in one service is a hole in all of them: Notification could say that a payment succeeded.

readonly HOUSE_OFFSET=8 READERS_OFFSET=9

declare -A TOPIC_OF=(
    [order-service]=orders [inventory-service]=inventory [payment-service]=payments
    [notification-service]=notifications [analytics-service]=analytics
)

house() { printf '%s\n' $((USER_BASE + HOUSE_OFFSET)); }
readers() { printf '%s\n' $((USER_BASE + READERS_OFFSET)); }

# user_of SERVICE
user_of() {
    local index
    for index in "${!SERVICES[@]}"; do
        [[ ${SERVICES[$index]} != "$1" ]] || printf '%s\n' $((USER_BASE + index))
    done
}

# identity_of SERVICE: what setpriv is told to make it that user, a word a line. The gateway is outside: it reads no log.
identity_of() {
    local user groups
    user=$(user_of "$1")
    groups=$(house)
    [[ $1 == payment-gateway ]] || groups+=,$(readers)
    printf '%s\n' --reuid "$user" --regid "$user" --groups "$groups" --inh-caps=-all --no-new-privs
}

# as_user_of SERVICE COMMAND…
as_user_of() {
    local identity
    mapfile -t identity < <(identity_of "$1")
    setpriv "${identity[@]}" "${@:2}"
}

# require_users: what has to hold before anything is changed.
require_users() {
    local id name number
    ((EUID == 0)) || misuse "--separate-users is for root, who alone can start processes as other users"
    need_number STAMPEDE_USER_BASE "$USER_BASE" 1000 999999990
    USER_BASE=$number
    for ((id = USER_BASE; id <= USER_BASE + READERS_OFFSET; id++)); do
        name=$(getent passwd "$id" || getent group "$id") || continue
        fail "the id $id is '${name%%:*}' already; name other ids with STAMPEDE_USER_BASE, $((READERS_OFFSET + 1)) are needed"
    done
    for name in "${SERVICES[@]}"; do
        as_user_of "$name" test -x "$BIN/$name" || fail "the user $(user_of "$name") may not run $BIN/$name:" \
            "$(closed_to "$name" "$BIN/$name"); put the programs where everybody may run them, and name that place with --bin"
    done
}

# closed_to SERVICE PATH: the first part of the way there that is closed to its user.
closed_to() {
    local part='' rest=${2#/}
    while [[ -n $rest ]]; do
        part+=/${rest%%/*}
        as_user_of "$1" test -x "$part" || break
        [[ $rest == */* ]] || break
        rest=${rest#*/}
    done
    printf '%s is closed to it\n' "$part"
}

# give DIRECTORY USER GROUP MODE: makes it where it is missing; what is in it goes to the same user and group.
give() {
    mkdir -p "$1"
    chown -R -h "$2:$3" "$1"
    chmod -R u=rwX,g=rX,o= "$1"
    chmod "$4" "$1"
}

# share_out: makes all directories of the run before any service could, and gives each to whom it belongs; also those of a
# run under one user before.
share_out() {
    local service user name
    chown "0:$(house)" "$DATA"
    chmod 750 "$DATA"
    mkdir -p "$DATA/db" "$DATA/log" "$DATA/traces"
    chown "0:$(house)" "$DATA/db"
    chown "0:$(readers)" "$DATA/log" "$DATA/traces"
    chmod 750 "$DATA/db" "$DATA/log"
    chmod 1770 "$DATA/traces"
    for service in "${SERVICES[@]}"; do
        user=$(user_of "$service")
        name=${service%-service}
        give "$DATA/db/$name" "$user" "$user" 700
        [[ $service != payment-gateway ]] || continue
        give "$DATA/log/${TOPIC_OF[$service]}" "$user" "$(readers)" 2750
        give "$DATA/log/$name.dlq" "$user" "$(readers)" 2750
        find "$DATA/traces" -maxdepth 1 -name "$name.*" -exec chown -h "$user:$user" {} +
    done
    # A key stays private within its directory, too.
    find "$DATA/db" -name '*.key' -exec chmod 600 {} +
    give "$DATA/mail" "$(user_of notification-service)" "$(user_of notification-service)" 700
    make_operator_token
    for service in "${SERVICES[@]}"; do
        as_user_of "$service" test -x "$DATA/db/${service%-service}" ||
            fail "the user $(user_of "$service") cannot get into $DATA: $(closed_to "$service" "$DATA"); choose another --data"
    done
}

# make_operator_token: no service can make it: each could read it then.
make_operator_token() {
    local file=$DATA/operator.token new=$DATA/.operator.token
    if [[ ! -e $file ]]; then
        (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$new" && echo >>"$new")
        sync "$new"
        mv "$new" "$file"
    fi
    if [[ ! -e $file.sha256 ]]; then
        tr -d ' \t\r\n' <"$file" | sha256sum | cut -d ' ' -f 1 >"$new"
        sync "$new"
        mv "$new" "$file.sha256"
    fi
    sync "$DATA"
    chown 0:0 "$file"
    chmod 600 "$file"
    chown "0:$(house)" "$file.sha256"
    chmod 640 "$file.sha256"
}
