#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds and tests. The last line is always `N passed, N failed, N skipped`; the exit code is 0 only when tests ran and
# none failed. Campaigns, tests that repeat something at random, run TENON_CAMPAIGN_PERCENT of their full counts.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

parts=(asan-ubsan tsan clang coverage tidy e2e campaign simulation mutants crash contract fuzz)

usage() {
  cat <<USAGE
usage: tools/test.sh                 every quick test, in build/
       tools/test.sh --full [PART]   one part, or all of them, each in its own build-PART/
       tools/test.sh --list          the parts
USAGE
}

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
results=$work/results

record() { tools/test_results.py record "$results" "$@"; }

# step NAME COMMAND..: only its failure counts. check NAME COMMAND..: counts as one test.
step() {
  local name=$1
  shift
  echo "== $name"
  "$@" 2>&1 | tee "$work/log" && return 0
  record "$name" fail "$work/log"
  return 1
}
check() {
  local name=$1
  step "$@" && record "$name" ok
}

# Lines of source are all that a report needs of a build; whole debug information is a third of the time it takes.
compiler_flags="-D_GLIBCXX_ASSERTIONS -g1"

# configure DIRECTORY [OPTION..]
configure() {
  local directory=$1
  shift
  [[ -f $directory/build.ninja ]] || step "configure $directory" meson setup "$directory" \
    --buildtype=debugoptimized -Db_ndebug=false -Dcpp_args="$compiler_flags" "$@"
}

# build DIRECTORY [OPTION..]
build() {
  configure "$@" && step "build $1" ninja -C "$1"
}

# run_tests DIRECTORY [OPTION of meson test..]
run_tests() {
  local directory=$1 test_log=$1/meson-logs/testlog.json code=0
  shift
  rm -f "$test_log"
  echo "== test $directory"
  meson test -C "$directory" --no-rebuild "$@" || code=$?
  tools/test_results.py collect "$results" "$test_log" "$code"
}

quick() {
  build build && run_tests build --suite quick
  check tidy tools/tidy
  build_fuzz resp && check "fuzz resp with libFuzzer" fuzz_target resp 60
}

part_asan-ubsan() {
  export ASAN_OPTIONS=halt_on_error=1:abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=1
  export ASAN_OPTIONS+=:strict_string_checks=1:check_initialization_order=1
  export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1
  # g++ believes that what a sanitizer inserts may leave values uninitialised, in library headers too.
  build build-asan-ubsan -Db_sanitize=address,undefined -Db_lundef=false \
    -Dcpp_args="$compiler_flags -Wno-maybe-uninitialized" &&
    run_tests build-asan-ubsan --suite quick --timeout-multiplier 5
}

part_tsan() {
  export TSAN_OPTIONS=halt_on_error=1:abort_on_error=1:second_deadlock_stack=1
  # The same, and g++ warns of fences, which it cannot follow. The simulator has one thread, so there is nothing to see.
  build build-tsan -Db_sanitize=thread -Db_lundef=false \
    -Dcpp_args="$compiler_flags -Wno-maybe-uninitialized -Wno-tsan" &&
    run_tests build-tsan --suite quick --no-suite simulation --timeout-multiplier 10
}

part_clang() {
  export CC=clang CXX=clang++
  build build-clang && run_tests build-clang --suite quick
  same_digests
}

# What g++ makes of the simulator runs every seed as what clang++ makes of it.
same_digests() {
  CC=gcc CXX=g++ configure build || return
  step "build the simulator with g++" ninja -C build tests/sim/simulate &&
    check "digests under g++ and clang" tests/sim/same_digests_test.py --runs 100 build/tests/sim/simulate \
      build-clang/tests/sim/simulate
}

part_coverage() {
  build build-coverage -Db_coverage=true || return
  find build-coverage -name '*.gcda' -delete
  run_tests build-coverage --suite quick --no-suite e2e
  step "coverage report" gcovr --root . --object-directory build-coverage --exclude-unreachable-branches \
    --exclude-throw-branches --filter 'sdk/' --filter 'core/' --filter 'plugins/' --filter 'clients/' \
    --filter 'server/' --filter 'tools/' --print-summary
}

# Without what clang-tidy says of files in which it found nothing.
run_clang_tidy() {
  local ours="^$PWD/(sdk|core|plugins|clients|server|tools|tests|examples|subprojects)/"
  # Seen from the build directory, our own headers are above it and generated ones within.
  local headers='\.\./(sdk|core|plugins|clients|server|tools|tests|examples|subprojects)/'
  run-clang-tidy -quiet -p build-tidy -header-filter="$headers" "$ours" 2>&1 |
    sed --unbuffered -e '/^clang-tidy.* -quiet /d' -e '/ warnings\? generated\.$/d'
}

part_tidy() {
  export CC=clang CXX=clang++
  build build-tidy && check clang-tidy run_clang_tidy
}

part_e2e() {
  export TENON_CAMPAIGN_PERCENT=100
  build build-e2e && run_tests build-e2e --suite e2e --no-suite campaign
}

part_campaign() {
  export TENON_CAMPAIGN_PERCENT=100
  build build-campaign && run_tests build-campaign --suite campaign
}

part_simulation() {
  export TENON_CAMPAIGN_PERCENT=100
  build build-simulation && run_tests build-simulation --suite simulation
  TENON_BUILD=build-simulation check "ten minutes of fresh seeds" tools/simulate --minutes 10
}

# Only what runs at random is built, once more, with faults that can be switched on; each must be found.
part_mutants() {
  configure build-mutants -Dmutants=true || return
  step "build build-mutants" ninja -C build-mutants tests/sim/simulate tests/paper/churn || return
  check "every mutant is caught" tools/mutants --jobs "$(nproc)"
}

part_crash() {
  export TENON_CAMPAIGN_PERCENT=100
  build build-crash && run_tests build-crash --suite crash
}

# The full suites of tenon-plugin-check, with a thousand power cuts for each storage that is durable.
part_contract() {
  export TENON_CAMPAIGN_PERCENT=100
  build build-contract && run_tests build-contract --suite contract
}

# build_fuzz TARGET..: for libFuzzer, in build-fuzz/.
build_fuzz() {
  local CC=clang CXX=clang++
  export CC CXX
  configure build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
    -Dcpp_args=-fsanitize=fuzzer-no-link || return
  step "build build-fuzz" ninja -C build-fuzz "${@/#/tests/fuzz/fuzz_}"
}

# fuzz_target TARGET SECONDS: begins at the committed inputs and at what earlier runs found. What makes it fail stays in
# build-fuzz/, as crash-* and the like.
fuzz_target() {
  local -a committed=()
  if [[ -d tests/fuzz/corpus/$1 ]]; then committed=("tests/fuzz/corpus/$1"); fi
  mkdir -p "build-fuzz/corpus-$1"
  ASAN_OPTIONS=halt_on_error=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1 \
    "build-fuzz/tests/fuzz/fuzz_$1" "-max_total_time=$2" -max_len=4096 -timeout=60 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix=build-fuzz/ "build-fuzz/corpus-$1" "${committed[@]}"
}

# Ten minutes for each target, thirty for what any client may send.
part_fuzz() {
  local target
  local -a ours=(store image bytes frames) clients=(resp http json_rpc)
  build_fuzz "${ours[@]}" "${clients[@]}" || return
  for target in "${ours[@]}"; do check "fuzz $target" fuzz_target "$target" 600; done
  for target in "${clients[@]}"; do check "fuzz $target" fuzz_target "$target" 1800; done
}

is_part() {
  local part
  for part in "${parts[@]}"; do [[ $part == "$1" ]] && return 0; done
  return 1
}

# Each part in a shell of its own, so that what it exports ends with it, and with a count of its own.
every_part() {
  local part
  for part in "${parts[@]}"; do
    echo "== part $part"
    (
      results=$work/results-$part
      "part_$part"
      tools/test_results.py report "$results"
    )
    cat "$work/results-$part" >>"$results"
  done
}

export TENON_CAMPAIGN_PERCENT=${TENON_CAMPAIGN_PERCENT:-5}
case "$#:${1:-}" in
  0:) action=quick ;;
  1:--full) action=every_part ;;
  2:--full) is_part "$2" && action=part_$2 ;;
  1:--list)
    printf '%s\n' "${parts[@]}"
    exit 0
    ;;
  1:-h | 1:--help)
    usage
    exit 0
    ;;
esac
if [[ -z ${action:-} ]]; then
  echo "test: unknown argument '$*'; the parts are: ${parts[*]}" >&2
  usage >&2
  exit 64
fi

if step setup tools/setup.sh build test; then "$action"; fi
tools/test_results.py report "$results"
