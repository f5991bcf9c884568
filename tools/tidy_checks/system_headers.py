# SPDX-License-Identifier: MIT
"""Headers of the C and C++ standard libraries, POSIX and Linux, which every room may include."""
_STANDARD = """
algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat charconv chrono cinttypes
climits clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef
cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list
fstream functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map
memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator
semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view
strstream syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility
valarray variant vector version
assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h locale.h math.h setjmp.h signal.h
stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h tgmath.h threads.h
time.h uchar.h wchar.h wctype.h
"""
_POSIX = """
aio.h arpa/inet.h byteswap.h cpuid.h cxxabi.h dirent.h dlfcn.h elf.h endian.h execinfo.h fcntl.h fnmatch.h ftw.h
getopt.h glob.h grp.h ifaddrs.h libgen.h link.h malloc.h net/if.h netdb.h netinet/in.h netinet/ip.h
netinet/tcp.h poll.h pthread.h pwd.h regex.h sched.h semaphore.h spawn.h strings.h syslog.h termios.h
ucontext.h unistd.h utime.h wait.h arm_acle.h
"""
_NAMES = frozenset(_STANDARD.split()) | frozenset(_POSIX.split())


def is_system_header(name: str) -> bool:
    return name in _NAMES or name.endswith("intrin.h") or name.startswith(("sys/", "linux/", "asm/", "sanitizer/"))
