/* A world with a fault: preloaded into the program by the tests.
   SHIM_NO_RENAMEAT2: the file system knows neither RENAME_NOREPLACE nor RENAME_EXCHANGE.
   SHIM_CLOCK_SECONDS: the wall clock is off by so much. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned int flags) {
    int (*real)(int, const char*, int, const char*, unsigned int) =
        (int (*)(int, const char*, int, const char*, unsigned int))dlsym(RTLD_NEXT, "renameat2");
    if (getenv("SHIM_NO_RENAMEAT2") != NULL && flags != 0) {
        errno = EINVAL;
        return -1;
    }
    return real(from_folder, from, to_folder, to, flags);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
    int (*real)(clockid_t, struct timespec*) =
        (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(clock, time);
    const char* off = getenv("SHIM_CLOCK_SECONDS");
    if (status == 0 && off != NULL && clock == CLOCK_REALTIME) time->tv_sec += atol(off);
    return status;
}
