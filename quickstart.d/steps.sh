# Functions for long steps that run at the same time. Each step has its own log, a status line while
# it is awaited, and the end of its log is shown if it fails. quickstart and tests/run source this
# file.
# shellcheck shell=bash

step_logs= # the folder of the logs, which the caller sets
declare -A step_pid=() step_started=()

milliseconds() { date +%s%3N; }

# seconds FROM TO: prints the seconds between two times in milliseconds, for example 12.3
seconds() {
  local tenths=$((($2 - $1) / 100))
  echo "$((tenths / 10)).$((tenths % 10))"
}

# begin NAME COMMAND...: starts a step in the background and writes its output to NAME.log. The step
# is a separate process group, so that stop_steps can also end the processes that it has started.
begin() {
  local name=$1
  shift
  step_started[$name]=$(milliseconds)
  set -m
  (
    trap 'milliseconds >"$step_logs/$name.end"' EXIT
    "$@"
  ) >"$step_logs/$name.log" 2>&1 </dev/null &
  set +m
  step_pid[$name]=$!
}

# finish NAME TITLE: waits for the step and returns its exit code.
finish() {
  local name=$1 title=$2 status=0 line time columns
  local pid=${step_pid[$name]} started=${step_started[$name]} log=$step_logs/$name.log
  if [[ -t 2 ]]; then
    columns=$(stty size <&2)
    columns=${columns#* }
    ((columns > 0)) || columns=80
    while kill -0 "$pid" 2>/dev/null; do
      line=$(tail -n 1 "$log" | tr -d '[:cntrl:]')
      line="$title ... $(seconds "$started" "$(milliseconds)") s  $line"
      printf '\r\033[K%s' "${line:0:columns-1}" >&2
      sleep 0.2
    done
    printf '\r\033[K' >&2
  fi
  printf '%s ... ' "$title" >&2
  wait "$pid" || status=$?
  unset "step_pid[$name]"
  time=$(seconds "$started" "$(<"$step_logs/$name.end")")
  if ((status == 0)); then
    echo "$time s" >&2
  else
    {
      echo "FAILED after $time s; the end of $log:"
      tail -n 25 "$log" | sed 's/^/    /'
    } >&2
  fi
  return "$status"
}

# step NAME TITLE COMMAND...
step() {
  begin "$1" "${@:3}"
  finish "$1" "$2"
}

# stop_steps: ends the steps that still run, with all processes that they have started, and waits
# until these have ended.
stop_steps() {
  local pid
  for pid in "${step_pid[@]}"; do kill -s TERM -- "-$pid" 2>/dev/null || true; done
  for pid in "${step_pid[@]}"; do wait "$pid" || true; done
}
