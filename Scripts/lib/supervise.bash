# shellcheck shell=bash
# The supervisor process: starts the six, restarts what dies, obeys commands. Sourced by Scripts/supervisor after
# common.bash and services.bash, with DATA, RUN, LOGS, BIN set and the lock held on file descriptor 8.
#
# One loop around `wait -n`. Whatever can happen is the end of a child: a service that died, a prober that found a
# service ready, a `sleep` whose time is over, a listener that received a command through the fifo (descriptor 9) and
# hands it on through another (descriptor 10), not through a file: a command is obeyed on a full disk, too. So the loop
# costs nothing while nothing happens.
#
# Guarantee: no child outlives this process, not even a kill -9 of it.
# Why: every child is started with PR_SET_PDEATHSIG = SIGKILL, and checks its parent once after that.
# If broken: the next `up` would find a second instance of a service on the same database.

readonly HEARTBEAT_SECONDS=10 STEADY_MILLISECONDS=30000
readonly BACKOFF_FIRST_MILLISECONDS=200 BACKOFF_LIMIT_MILLISECONDS=10000
readonly EXIT_DATA_REPLACED=72 EXIT_FAILED_SYNC=75 EXIT_TRAPPED=76 EXIT_REFUSED=78

# A child whose parent died before the death signal was asked for would live on: it looks once, then becomes COMMAND.
# shellcheck disable=SC2016 # expanded by the child
readonly UNLESS_ORPHANED='[[ $PPID == "$0" ]] && exec "$@"'

declare -A service_pid=() service_state=() service_wanted=() service_restarts=() service_attempt=() service_born=()
declare -A service_waiters=() # the reply fifos of who waits for a service to come or go
declare -A helper=()          # pid of a helper → what its end means
declare shutting_down='' supervisor_status=0
declare unwritten='' # what is in RUN is not how it is: the disk was full
declare up_reply='' failed_up_reply=- failed_up_text='' down_reply=- # the reply fifos of `up` and `down`

# announce TEXT…: the supervisor's log, and the terminal when in the foreground.
announce() {
    printf '%(%Y-%m-%dT%H:%M:%S%z)T %s\n' -1 "$*" >>"$LOGS/supervisor.log"
    [[ -z $foreground ]] || printf '%(%H:%M:%S)T %s\n' -1 "$*"
}

# answer FIFO STATUS [TEXT]: ends a client's wait. Opened for both directions, so that a client gone does not block us.
answer() {
    [[ $1 != - && -p $RUN/$1 ]] || return 0
    printf '%s\n' ${3+"$3"} "end $2" 1<>"$RUN/$1"
}

# become COMMAND…: turns a child of this process into COMMAND, which dies with this process. In a session of its own: a
# signal to the process group is meant for this process, which then stops the services in order. As the user whom a local
# `identity` names to setpriv; in one call, because a change of users takes the death signal away again.
become() {
    exec setpriv ${identity[@]+"${identity[@]}"} --pdeathsig KILL setsid "$BASH" -c "$UNLESS_ORPHANED" $$ "$@"
}

# run_helper MEANING COMMAND…: a child that is not a service.
run_helper() {
    become "${@:2}" </dev/null 8>&- &
    helper[$!]=$1
}

# cancel_helpers MEANING
cancel_helpers() {
    local pid
    for pid in "${!helper[@]}"; do
        [[ ${helper[$pid]} == "$1" ]] || continue
        unset "helper[$pid]"
        kill -TERM "$pid" 2>/dev/null
    done
}

# write_state: what `status` shows, replaced as a whole.
write_state() {
    local service text=''
    for service in "${SERVICES[@]}"; do
        text+="$service ${service_pid[$service]:--} ${service_state[$service]} ${service_restarts[$service]}"$'\n'
    done
    # Not into a directory that came in the place of ours.
    is_in_place || return 0
    if printf '%s' "$text" >"$RUN/.state"; then mv -f "$RUN/.state" "$RUN/supervisor.state"; else unwritten=yes; fi
}

# write_pid NAME PID
write_pid() { printf '%s\n' "$2" >"$RUN/$1.pid" || unwritten=yes; }

# write_again: makes up for what a full disk did not take.
write_again() {
    local service
    [[ -n $unwritten ]] || return 0
    unwritten=''
    write_pid supervisor $$
    for service in "${!service_pid[@]}"; do write_pid "$service" "${service_pid[$service]}"; done
    write_state
}

# set_state SERVICE STATE: keeps it, and tells who waits for it.
set_state() {
    local service=$1 fifo
    service_state[$service]=$2
    write_state
    case $2 in
        running | stopped | failed)
            for fifo in ${service_waiters[$service]:-}; do
                if [[ $2 == failed ]]; then answer "$fifo" 1 "$(last_words "$service")"; else answer "$fifo" 0; fi
            done
            service_waiters[$service]=''
            ;;
    esac
    [[ -z $up_reply ]] || settle_up "$service"
}

# settle_up SERVICE: `up` is over when all run, or when one cannot.
settle_up() {
    local service
    [[ ${service_state[$1]} != failed ]] || { fail_up "$1 cannot start" "$1"; return; }
    for service in "${SERVICES[@]}"; do
        [[ ${service_state[$service]} == running ]] || return 0
    done
    cancel_helpers deadline
    announce "all ${#SERVICES[@]} are ready"
    answer "$up_reply" 0
    up_reply=''
}

# fail_up REASON SERVICE…: an `up` that fails leaves nothing running; it quotes the services that are to blame.
fail_up() {
    local service text="$1; everything is stopped again"
    for service in "${@:2}"; do
        [[ ${service_state[$service]} == running ]] || text+=$'\n'"$(last_words "$service")"
    done
    announce "$text"
    supervisor_status=1
    failed_up_reply=$up_reply failed_up_text=$text up_reply=''
    begin_shutdown
}

# last_words SERVICE: its state and the end of its log.
last_words() {
    printf '%s is %s; the end of %s:\n' "$1" "${service_state[$1]}" "$LOGS/$1.log"
    tail -n 10 "$LOGS/$1.log" 2>/dev/null | cut -c 1-300 | sed 's/^/    /'
}

# become_service SERVICE
become_service() {
    local arguments=(--data "$DATA") identity=()
    [[ -z $separate_users ]] || mapfile -t identity < <(identity_of "$1")
    [[ $1 != payment-gateway ]] || arguments+=("${GATEWAY_ARGUMENTS[@]}")
    [[ -z ${TEST_FAULTS[$1]:-} ]] || arguments+=(--test-faults "${TEST_FAULTS[$1]}")
    become env --default-signal=INT,QUIT "$BIN/$1" "${arguments[@]}" \
        </dev/null >>"$LOGS/$1.log" 2>&1 8>&- 9>&- 10>&-
}

# is_in_place: whether the lock that this process holds still lies under its name.
is_in_place() { [[ $RUN/supervisor.lock -ef /proc/self/fd/8 ]]; }

# lose_data [WHY]: the directory is not the one any more that all was started on; whatever is there now, an empty one perhaps, is not
# begun with.
lose_data() {
    [[ -z $shutting_down ]] || return 0
    announce "${1:+$1; }$DATA was removed or replaced; everything is stopped, and nothing is started on what is there now"
    supervisor_status=1
    failed_up_reply=${up_reply:--} failed_up_text="$DATA was removed or replaced; everything is stopped again" up_reply=''
    begin_shutdown
}

# start_service SERVICE
start_service() {
    local service=$1
    is_in_place || { lose_data; return; }
    become_service "$service" &
    service_pid[$service]=$!
    write_pid "$service" $!
    service_born[$service]=$(now_milliseconds)
    set_state "$service" starting
    run_helper "ready $service" "$BASH" "$LIBRARY/wait-ready" "$(health_port "$service")" 9>&- 10>&-
}

# stop_service SERVICE: asks; after STOP_SECONDS it kills.
stop_service() {
    local service=$1
    cancel_helpers "ready $service"
    cancel_helpers "start $service"
    if [[ -n ${service_pid[$service]:-} ]]; then
        set_state "$service" stopping
        kill -TERM "${service_pid[$service]}" 2>/dev/null # it may have died this very moment
        cancel_helpers "kill $service"
        run_helper "kill $service" sleep "$STOP_SECONDS" 9>&- 10>&-
    else
        set_state "$service" stopped
    fi
}

begin_shutdown() {
    local service
    [[ -z $shutting_down ]] || return 0
    shutting_down=yes
    cancel_helpers deadline
    announce "stopping"
    for service in "${SERVICES[@]}"; do
        service_wanted[$service]=down
        stop_service "$service"
    done
}

# describe_end STATUS
describe_end() {
    if (($1 > 128)); then
        printf 'killed by SIG%s\n' "$(kill -l "$1" 2>/dev/null || echo "NAL $(($1 - 128))")"
    else
        printf 'exit code %s\n' "$1"
    fi
}

# on_service_end SERVICE STATUS
on_service_end() {
    local service=$1 status=$2 end alive
    end=$(describe_end "$status")
    unset "service_pid[$service]"
    rm -f "$RUN/$service.pid"
    cancel_helpers "ready $service"
    cancel_helpers "kill $service"
    if [[ ${service_state[$service]} == stopping ]]; then
        if ((status == 0)); then announce "$service stopped"; else announce "$service stopped: $end"; fi
        if [[ ${service_wanted[$service]} == up ]]; then start_service "$service"; else set_state "$service" stopped; fi
        return
    fi
    alive=$(($(now_milliseconds) - service_born[$service]))
    ((alive < STEADY_MILLISECONDS)) || service_attempt[$service]=0
    service_restarts[$service]=$((service_restarts[$service] + 1))
    if ((status == EXIT_DATA_REPLACED)) || ! is_in_place; then
        set_state "$service" failed
        lose_data "$service: $end, see $LOGS/$service.log"
    elif ((status == EXIT_USAGE || status == EXIT_REFUSED)); then
        announce "$service FAILED: $end (wrong configuration, or a log or database it refuses); not restarted: read" \
            "$LOGS/$service.log, then: Scripts/supervisor start $service$(data_option)"
        set_state "$service" failed
    elif ((status == EXIT_TRAPPED)); then
        announce "$service died of an event that its handler traps on, as its log says; the event is marked:" \
            "restarted at once"
        start_service "$service"
    else
        ((status != EXIT_FAILED_SYNC)) || announce "$service WARNING: exit code $status means a failed write" \
            "or sync; read $LOGS/$service.log"
        restart_later "$service" "$end"
    fi
}

# restart_later SERVICE END: 0.2 s, doubled at each attempt, at most 10 s.
restart_later() {
    local service=$1 delay=$BACKOFF_FIRST_MILLISECONDS attempt=$((service_attempt[$1] + 1)) step seconds
    service_attempt[$service]=$attempt
    for ((step = 1; step < attempt && delay < BACKOFF_LIMIT_MILLISECONDS; step++)); do delay=$((delay * 2)); done
    ((delay <= BACKOFF_LIMIT_MILLISECONDS)) || delay=$BACKOFF_LIMIT_MILLISECONDS
    seconds=$((delay / 1000)).$((delay % 1000 / 100))
    announce "$service died: $2; attempt $attempt to restart it in $seconds s"
    set_state "$service" backoff
    run_helper "start $service" sleep "$seconds" 9>&- 10>&-
}

# on_helper_end MEANING STATUS
on_helper_end() {
    local service=${1#* }
    case $1 in
        listener)
            obey
            listen
            ;;
        heartbeat)
            if is_in_place; then write_again; else lose_data; fi
            run_helper heartbeat sleep "$HEARTBEAT_SECONDS" 9>&- 10>&-
            ;;
        deadline) fail_up "not ready after $READY_SECONDS s" "${SERVICES[@]}" ;;
        ready\ *)
            if [[ ${service_state[$service]} == starting ]]; then
                announce "$service is ready (pid ${service_pid[$service]})"
                set_state "$service" running
            fi
            ;;
        start\ *) start_service "$service" ;;
        kill\ *)
            announce "$service did not stop within $STOP_SECONDS s: killed"
            kill -KILL "${service_pid[$service]}"
            ;;
    esac
}

# listen: one child takes one command from the fifo and ends.
listen() {
    # shellcheck disable=SC2016 # expanded by the child
    run_helper listener "$BASH" -c 'read -r line <&9 && printf "%s\n" "$line" >&10'
}

# obey: carries out the command that the listener left: "VERB SERVICE FIFO".
obey() {
    local verb service fifo
    read -r -t 0.1 verb service fifo <&10 || return 0 # the listener was killed
    if [[ -n $shutting_down && $verb != down ]]; then answer "$fifo" 1 "the supervisor is stopping"; return; fi
    case $verb in
        down)
            down_reply=$fifo
            begin_shutdown
            return
            ;;
        start)
            if [[ ${service_wanted[$service]} == up && ${service_state[$service]} == running ]]; then
                answer "$fifo" 0 "$service runs already"
                return
            fi
            ;;
        stop)
            if [[ ${service_state[$service]} == stopped ]]; then
                answer "$fifo" 0 "$service is stopped already"
                return
            fi
            ;;
    esac
    announce "$verb $service, as commanded"
    service_waiters[$service]+=" $fifo"
    service_attempt[$service]=0
    case $verb in
        stop)
            service_wanted[$service]=down
            stop_service "$service"
            ;;
        start | restart)
            service_wanted[$service]=up
            if [[ $verb == restart && -n ${service_pid[$service]:-} ]]; then
                stop_service "$service"
            elif [[ -z ${service_pid[$service]:-} ]]; then
                cancel_helpers "start $service"
                start_service "$service"
            fi
            ;;
    esac
}

# status_of PID: the exit status of a child that is gone.
# Why not just `wait`: a signal that interrupts bash 5.2 while it reaps a child can make it forget the child's end, and
# `wait` for such a one never returns.
status_of() {
    local lost
    for lost in $(jobs -rp); do
        [[ $lost != "$1" ]] || return 255
    done
    wait "$1"
}

# sweep: handles children that died unseen; false when there was none.
# Why: `wait -n` of bash 5.2 overlooks a child killed by a signal while another was being handled.
sweep() {
    local service pid meaning status found=1
    for service in "${!service_pid[@]}"; do
        pid=${service_pid[$service]}
        kill -0 "$pid" 2>/dev/null && continue
        status=0
        status_of "$pid" || status=$?
        on_service_end "$service" "$status"
        found=0
    done
    for pid in "${!helper[@]}"; do
        kill -0 "$pid" 2>/dev/null && continue
        meaning=${helper[$pid]} status=0
        unset "helper[$pid]"
        status_of "$pid" || status=$?
        on_helper_end "$meaning" "$status"
        found=0
    done
    return "$found"
}

# on_end PID STATUS: a child that `wait -n` reported.
on_end() {
    local service meaning=${helper[$1]:-}
    if [[ -n $meaning ]]; then
        unset "helper[$1]"
        on_helper_end "$meaning" "$2"
        return
    fi
    for service in "${!service_pid[@]}"; do
        if [[ ${service_pid[$service]} == "$1" ]]; then on_service_end "$service" "$2"; fi
    done
}

# supervise REPLY: runs until told to stop; REPLY is the fifo of the `up` that waits, or "-".
supervise() {
    local service ended status
    set +eu # from here on nothing, not even a full disk, may end this process half-way
    exec 2>>"$LOGS/supervisor.log"
    up_reply=$1
    write_pid supervisor $$
    rm -f "$RUN/supervisor.fifo" "$RUN/command"
    mkfifo "$RUN/supervisor.fifo" "$RUN/command"
    exec 9<>"$RUN/supervisor.fifo" 10<>"$RUN/command"
    trap 'printf "down - -\n" >&9' INT TERM HUP
    announce "supervisor $$ starts ${#SERVICES[@]} processes from $BIN on $DATA"
    listen
    run_helper heartbeat sleep "$HEARTBEAT_SECONDS" 9>&- 10>&-
    run_helper deadline sleep "$READY_SECONDS" 9>&- 10>&-
    for service in "${SERVICES[@]}"; do
        service_restarts[$service]=0 service_attempt[$service]=0 service_wanted[$service]=up
        service_state[$service]=starting
    done
    for service in "${SERVICES[@]}"; do start_service "$service"; done
    while [[ -z $shutting_down || ${#service_pid[@]} -gt 0 ]]; do
        sweep && continue
        ended='' status=0
        wait -n -p ended || status=$?
        [[ -z ${ended:-} ]] || on_end "$ended" "$status" # unset when a signal came
    done
    exec 2>/dev/null
    # shellcheck disable=SC2046 # one word a pid
    kill -KILL $(jobs -rp)
    wait
    announce "supervisor $$ ends; nothing is left running"
    ! is_in_place || rm -f "$RUN"/*.pid "$RUN/supervisor.fifo" "$RUN/supervisor.state" "$RUN/command"
    answer "$failed_up_reply" 1 "$failed_up_text"
    answer "${up_reply:--}" 1 "stopped before all were ready"
    answer "$down_reply" 0
    exit "$supervisor_status"
}
