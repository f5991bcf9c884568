#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs, on Debian 12, what this project is built, tested and compared with. It says what is missing, asks apt what
# would happen, and stops when anything would be removed. Services that Debian would start at their installation stay
# stopped. With nothing missing it changes nothing and needs no rights.
set -euo pipefail

declare -A packages=(
  [build]="g++ meson ninja-build pkg-config ccache libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
    libboost-program-options1.81-dev libthrift-dev thrift-compiler libleveldb-dev libzstd-dev libxxhash-dev libssl-dev
    libspdlog-dev catch2 libjs-chart.js python3"
  [test]="python3-thrift cmake clang clang-format clang-tidy libclang-rt-14-dev gcovr strace curl git
    e2fsprogs mount iproute2 nginx prometheus redis-server redis-tools python3-redis chromium fonts-dejavu-core"
  [compare]="etcd-server redis-server redis-tools golang-go golang-etcd-server-dev wrk"
)

# The tests set it to a folder of their own; else it is empty, and these are the system's files.
root=${TENON_SETUP_ROOT:-}
os_release=$root/etc/os-release
policy=$root/usr/sbin/policy-rc.d
saved_policy=$policy.before-tenon-setup

usage() {
  cat <<USAGE
usage: tools/setup.sh [--dry-run] [build|test|compare]...   (without a purpose: build test)
  build     compiler, build system and libraries
  test      what the tests and checks run
  compare   the systems that Tenon is compared with
  --dry-run says what would be installed, and installs nothing
USAGE
}

say() { echo "setup: $*"; }

refuse() {
  echo "setup: $*" >&2
  exit 1
}

dry_run=no
purposes=()
for argument in "$@"; do
  case $argument in
    build | test | compare) purposes+=("$argument") ;;
    --dry-run) dry_run=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      echo "setup: unknown argument '$argument'" >&2
      usage >&2
      exit 64
      ;;
  esac
done
((${#purposes[@]})) || purposes=(build test)

wanted=()
for purpose in "${purposes[@]}"; do
  read -r -d '' -a list <<<"${packages[$purpose]}" || true
  wanted+=("${list[@]}")
done

# Any node and npm will do: what is there stays, also when it is not from Debian.
if [[ " ${purposes[*]} " == *" test "* ]]; then
  for package in nodejs:node npm:npm; do
    command -v "${package#*:}" >/dev/null || wanted+=("${package%:*}")
  done
fi

# Prints what /etc/os-release says of $1.
system_field() { sed -n "s/^$1=\"\?\([^\"]*\)\"\?\$/\1/p" "$os_release" 2>/dev/null || true; }

check_system() {
  local found
  found=$(system_field PRETTY_NAME)
  [[ $(system_field ID) == debian && $(system_field VERSION_ID) == 12 ]] ||
    refuse "this is ${found:-a system that does not name itself}; the package lists are for Debian 12." \
      "Install what corresponds to: ${wanted[*]}"
}

# Prints those of the wanted packages that are not installed.
missing_packages() {
  local installed
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
    sed -n 's/^installed //p') || true
  local package
  for package in "${wanted[@]}"; do
    grep --quiet --line-regexp --fixed-strings "$package" <<<"$installed" || echo "$package"
  done
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

simulate() { LC_ALL=C apt-get --simulate --no-install-recommends install "${missing[@]}"; }

# Leaves the simulation's text in `simulation`, after an update of the package lists if it needs one.
simulate_or_update() {
  if simulation=$(simulate 2>&1); then return; fi
  if [[ $dry_run == yes ]]; then
    refuse "apt cannot say what it would do, perhaps because its lists are old (apt-get update): $simulation"
  fi
  say "apt does not know all of them; updating its lists"
  as_root apt-get --quiet update
  simulation=$(simulate 2>&1) || refuse "apt cannot install them: $simulation"
}

stop_if_anything_would_be_removed() {
  local removed
  removed=$(sed -n 's/^Remv \([^ ]*\).*/\1/p' <<<"$simulation")
  [[ -z $removed ]] || refuse "stopped, because apt would remove: ${removed//$'\n'/ }"
}

# Package scripts ask policy-rc.d whether they may start a service; 101 says no.
keep_services_stopped() {
  if [[ -e $saved_policy ]]; then restore_policy; fi
  trap restore_policy EXIT
  if [[ -e $policy ]]; then as_root mv "$policy" "$saved_policy"; fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

restore_policy() {
  as_root rm -f "$policy"
  if [[ -e $saved_policy ]]; then as_root mv "$saved_policy" "$policy"; fi
  trap - EXIT
}

install_missing() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get --quiet --yes --no-remove --no-install-recommends install "${missing[@]}"
}

check_system
mapfile -t missing < <(missing_packages)
if ! ((${#missing[@]})); then
  say "nothing to install for ${purposes[*]}"
  exit 0
fi

say "missing for ${purposes[*]}: ${missing[*]}"
if [[ $dry_run == no ]] && ((EUID != 0)) && ! command -v sudo >/dev/null; then
  refuse "installing needs root, and there is no sudo; as root: apt-get install --no-install-recommends ${missing[*]}"
fi
simulate_or_update
stop_if_anything_would_be_removed
say "apt would install: $(sed -n 's/^Inst \([^ ]*\).*/\1/p' <<<"$simulation" | paste --serial --delimiters=' ')"
if [[ $dry_run == yes ]]; then
  say "dry run: nothing was installed"
  exit 0
fi

trap 'exit 130' INT
trap 'exit 143' TERM
keep_services_stopped
if ! install_missing; then
  say "the installation failed, perhaps because apt's lists are old; updating them and trying once more"
  as_root apt-get --quiet update
  simulation=$(simulate 2>&1) || refuse "apt cannot install them: $simulation"
  stop_if_anything_would_be_removed
  install_missing || refuse "apt could not install: ${missing[*]}"
fi
restore_policy

mapfile -t missing < <(missing_packages)
((${#missing[@]} == 0)) || refuse "apt reported success, but these are still missing: ${missing[*]}"
say "installed what was missing for ${purposes[*]}"
