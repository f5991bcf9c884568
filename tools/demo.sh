#!/bin/bash
# SPDX-License-Identifier: MIT
# From a fresh Debian 12 to three nodes that answer: installs what is missing, builds optimised, starts a cluster on
# this machine, writes and reads, says what to try, and stops everything on Ctrl-C. The data stays for the next time.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

build=build-release
directory=tenon-data/demo
tenonctl=$build/tools/tenonctl/tenonctl
base_port=7400
exit_after_sample=no

usage() {
  cat <<USAGE
usage: tools/demo.sh [--exit] [--base-port P] [--dir D]
  --exit         ends after the sample, without waiting for Ctrl-C
  --base-port P  node N serves clients on P + 10 N (default $base_port); for a new directory only
  --dir D        where the cluster keeps its data (default $directory)
USAGE
}

while (($#)); do
  case $1 in
    --exit) exit_after_sample=yes ;;
    --base-port | --dir)
      if (($# < 2)); then
        echo "demo: $1 needs a value" >&2
        exit 64
      fi
      if [[ $1 == --dir ]]; then directory=$2; else base_port=$2; fi
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      echo "demo: unknown argument '$1'" >&2
      usage >&2
      exit 64
      ;;
  esac
  shift
done

step() { echo "== $*"; }

fail() {
  echo "demo: $*" >&2
  exit 1
}

is_up=no
sleeper=
stop() {
  trap '' INT TERM
  if [[ -n $sleeper ]]; then kill "$sleeper" 2>/dev/null; fi
  if [[ $is_up == yes ]]; then
    step "stopping the three nodes; their data stays in $directory"
    tools/cluster down --dir "$directory" >/dev/null || echo "demo: tools/cluster down --dir $directory failed" >&2
  fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step "1/5 packages"
tools/setup.sh build || fail "without the packages above nothing can be built"

step "2/5 build, optimised, in $build (some minutes the first time)"
if [[ ! -f $build/build.ninja ]]; then
  meson setup "$build" --buildtype=release >"$build.log" 2>&1 || fail "meson could not configure $build: see $build.log"
  rm -f "$build.log"
fi
ninja -C "$build" product || fail "the build failed, see above"

step "3/5 three nodes"
new_cluster=(--base-port "$base_port" --build "$build")
if [[ -e $directory/cluster.json ]]; then new_cluster=(); fi
is_up=yes
cluster=$(tools/cluster up --dir "$directory" "${new_cluster[@]}") ||
  fail "the cluster did not start; if its ports are taken name others by --base-port, with another --dir"
mapfile -t lines < <(python3 -c '
import json, sys
cluster = json.loads(sys.argv[1])
print(cluster["leader"])
print(",".join(node["endpoints"]["thrift"] for node in cluster["nodes"]))
' "$cluster")
leader=${lines[0]} endpoints=${lines[1]}
echo "node $leader leads"

step "4/5 a write and a read"
export TENONCTL_ENDPOINTS=$endpoints
echo "put greeting hello"
"$tenonctl" put greeting hello || fail "the write was not answered"
echo "get greeting"
value=$("$tenonctl" get greeting) || fail "the read was not answered"
echo "$value"

step "5/5 ready"
cat <<READY
Clients are served at $endpoints. Three commands to try in another terminal, in this directory:

  export TENONCTL_ENDPOINTS=$endpoints; $tenonctl status
  tools/cluster kill --dir $directory leader; $tenonctl --endpoints $endpoints put greeting again
  tools/cluster up --dir $directory; $tenonctl --endpoints $endpoints members

READY
if [[ $exit_after_sample == yes ]]; then exit 0; fi
echo "Ctrl-C stops the nodes."
trap 'exit 0' INT TERM
sleep infinity &
sleeper=$!
wait "$sleeper"
