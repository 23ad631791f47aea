# The functions that start, await and stop a server process. The scripts in this folder source this
# file.
# shellcheck shell=bash

# The versions that docker/versions.env pins, or with STEAMFLOW_TEST_VERSIONS=old those in old.env,
# which the programs are also tested with.
root=$(realpath "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..")
# shellcheck source=docker/versions.env
source "$root/docker/versions.env"
case ${STEAMFLOW_TEST_VERSIONS:=} in
  '') ;;
  old)
    # shellcheck source=tests/services/old.env
    source "$root/tests/services/old.env"
    ;;
  *) echo "STEAMFLOW_TEST_VERSIONS is '$STEAMFLOW_TEST_VERSIONS'; it may be 'old' or empty" >&2 && exit 64 ;;
esac

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# free_port COUNT: prints the first of COUNT consecutive free ports. They are below the range from
# which the kernel takes the ports of outgoing connections, so that no connection can occupy one
# before the server does.
free_port() {
  local count=$1 port i
  while true; do
    port=$((20000 + RANDOM % 12000))
    for ((i = 0; i < count; ++i)); do
      port_taken $((port + i)) && continue 2
    done
    echo "$port"
    return
  done
}

port_taken() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# running PIDFILE: succeeds if the process of that file runs (a zombie does not). The start time is
# kept beside the pid, so that another process that gets the same pid later is not mistaken for it.
running() {
  local pid started
  [[ -s $1 ]] && read -r pid started <"$1" &&
    [[ -n $started && $(start_time "$pid") == "$started" ]]
}

# start_time PID: prints the start time of the process in clock ticks, or nothing if the process has
# ended.
start_time() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
  read -ra stat <<<"${stat##*) }"
  [[ ${stat[0]} == Z ]] || echo "${stat[19]}"
}

# launch PIDFILE LOG COMMAND...: starts the command in a new session, so that a Ctrl-C in the terminal
# reaches only the program that stops the server properly. The command does not inherit the callers'
# locks (descriptors 8 and 9).
launch() {
  local pidfile=$1 log=$2
  shift 2
  setsid "$@" </dev/null >>"$log" 2>&1 8>&- 9>&- &
  echo "$! $(start_time $!)" >"$pidfile"
}

# await PIDFILE LOG CONDITION...: polls until the condition holds. Fails with the end of the log if
# the process ends first or hangs. Five minutes are enough even on a busy machine.
await() {
  local deadline=$((SECONDS + 300)) pidfile=$1 log=$2
  shift 2
  until "$@"; do
    if ! running "$pidfile"; then
      tail -n 15 "$log" >&2
      fail "the server ended while it started; its log is $log"
    fi
    if ((SECONDS > deadline)); then
      tail -n 15 "$log" >&2
      terminate KILL "$pidfile"
      fail "the server did not answer in time; its log is $log"
    fi
    sleep 0.05
  done
}

# terminate SIGNAL PIDFILE...: sends the signal to all of the processes, sends SIGKILL to those that
# are left after $patience (30) seconds, and waits until all have ended.
terminate() {
  local signal=$1 pidfile deadline=$((SECONDS + ${patience:-30})) left
  shift
  for pidfile in "$@"; do
    ! running "$pidfile" || send "$signal" "$pidfile"
  done
  while true; do
    left=()
    for pidfile in "$@"; do
      if running "$pidfile"; then left+=("$pidfile"); else rm -f "$pidfile"; fi
    done
    ((${#left[@]} > 0)) || return 0
    if ((SECONDS > deadline)); then
      for pidfile in "${left[@]}"; do send KILL "$pidfile"; done
    fi
    sleep 0.05
  done
}

# send SIGNAL PIDFILE: sends the signal. It is not an error if the process has just ended.
send() {
  local pid
  read -r pid _ <"$2"
  kill -s "$1" "$pid" 2>/dev/null || true
}
