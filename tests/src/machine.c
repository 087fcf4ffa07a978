/* Preloaded into a process, as if its machine had a clock that is wrong by so many seconds and a disk that takes so many
 * microseconds longer to sync: both stand in the file that KAREZ_TEST_MACHINE names, and may change while it runs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct machine {
    volatile int64_t clock_seconds;
    volatile int64_t sync_micros;
};

static struct machine sound;
static struct machine *machine = &sound;

__attribute__((constructor)) static void find_machine(void) {
    const char *name = getenv("KAREZ_TEST_MACHINE");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *found = mmap(NULL, sizeof sound, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (found != MAP_FAILED) machine = found;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int failed = (int)syscall(SYS_clock_gettime, clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += machine->clock_seconds;
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *at) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return (time_t)-1;
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

static void sync_slowly(void) {
    if (machine->sync_micros > 0) usleep((useconds_t)machine->sync_micros);
}

int fsync(int file) {
    sync_slowly();
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    sync_slowly();
    return (int)syscall(SYS_fdatasync, file);
}
