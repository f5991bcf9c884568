// SPDX-License-Identifier: MIT
// Loaded before a node's libraries it lets CLOCK_BOOTTIME stand still while the process is stopped: what a paused
// virtual machine does whose guest is not told of the time that has passed. A gap of more than 150 ms between two looks
// at the clock is taken for a stop.
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const long long kSecond = 1000000000;
static const long long kStop = 150000000;
static _Atomic long long last_look;
static _Atomic long long stood_still;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec* time) {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (clock != CLOCK_BOOTTIME || result != 0) return (int)result;
  const long long now = time->tv_sec * kSecond + time->tv_nsec;
  const long long before = atomic_exchange(&last_look, now);
  if (before != 0 && now - before > kStop) atomic_fetch_add(&stood_still, now - before);
  const long long shown = now - atomic_load(&stood_still);
  time->tv_sec = shown / kSecond;
  time->tv_nsec = shown % kSecond;
  return 0;
}
