/* Time runs FAST_CLOCK times as fast in a process that is started with this library in LD_PRELOAD: its clocks, and with them whatever
 * it waits for. Nothing in the process knows. Compiled by soak.py. (libfaketime can do the same for most programs, but up to
 * its 0.9.10, that of Debian 12, it does not know sem_clockwait, by which Python's locks wait.)
 *
 * Every deadline becomes one of the real monotonic clock, and every pause so much shorter. What stays as it is: processor time, and
 * waits on a condition of up to UNHURRIED_S, among which are those of Python's threads for the interpreter: a thousand
 * hand-overs a second become no forty thousand. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define UNHURRIED_S 0.006
#define CLOCKS 8 /* REALTIME is 0, MONOTONIC 1, BOOTTIME 7; 2 and 3 are processor time */

static double speed = 1, origin[CLOCKS];

static double seconds(const struct timespec *t) { return t->tv_sec + t->tv_nsec / 1e9; }

static struct timespec timespec_of(double s) {
    double whole = floor(s < 0 ? 0 : s);
    return (struct timespec){(time_t)whole, (long)((fmax(s, 0) - whole) * 1e9)};
}

static double real_time(clockid_t clock) {
    struct timespec t;
    syscall(SYS_clock_gettime, clock, &t);
    return seconds(&t);
}

static int runs_faster(clockid_t clock) { return clock >= 0 && clock < CLOCKS && clock != 2 && clock != 3; }

static double told_time(clockid_t clock) { return origin[clock] + (real_time(clock) - origin[clock]) * speed; }

__attribute__((constructor)) static void begin(void) {
    for (int clock = 0; clock < CLOCKS; clock++)
        origin[clock] = real_time(clock);
    if (getenv("FAST_CLOCK"))
        speed = atof(getenv("FAST_CLOCK"));
}

/* The moment of the real monotonic clock at which `clock`, as it is told, has come to `deadline`. */
static struct timespec real_deadline(clockid_t clock, const struct timespec *deadline, double unhurried_s) {
    double left = seconds(deadline) - told_time(clock);
    return timespec_of(real_time(CLOCK_MONOTONIC) + (left > unhurried_s ? left / speed : left));
}

int clock_gettime(clockid_t clock, struct timespec *t) {
    if (!runs_faster(clock))
        return syscall(SYS_clock_gettime, clock, t);
    *t = timespec_of(told_time(clock));
    return 0;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    (void)zone;
    double now = told_time(CLOCK_REALTIME);
    t->tv_sec = (time_t)now;
    t->tv_usec = (suseconds_t)((now - floor(now)) * 1e6);
    return 0;
}

time_t time(time_t *t) {
    time_t now = (time_t)told_time(CLOCK_REALTIME);
    if (t)
        *t = now;
    return now;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left) {
    int (*real)(clockid_t, int, const struct timespec *, struct timespec *) = dlsym(RTLD_NEXT, "clock_nanosleep");
    if (flags & TIMER_ABSTIME) {
        struct timespec until = real_deadline(clock, wanted, 0);
        return real(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, left);
    }
    struct timespec pause = timespec_of(seconds(wanted) / speed);
    return real(CLOCK_MONOTONIC, 0, &pause, left);
}

int nanosleep(const struct timespec *wanted, struct timespec *left) {
    return clock_nanosleep(CLOCK_MONOTONIC, 0, wanted, left);
}

int sem_clockwait(sem_t *restrict sem, clockid_t clock, const struct timespec *restrict deadline) {
    int (*real)(sem_t *, clockid_t, const struct timespec *) = dlsym(RTLD_NEXT, "sem_clockwait");
    struct timespec until = real_deadline(clock, deadline, 0);
    return real(sem, CLOCK_MONOTONIC, &until);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict deadline) {
    return sem_clockwait(sem, CLOCK_REALTIME, deadline);
}

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *deadline) {
    int (*real)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *) =
        dlsym(RTLD_NEXT, "pthread_cond_clockwait");
    struct timespec until = real_deadline(clock, deadline, UNHURRIED_S);
    return real(cond, mutex, CLOCK_MONOTONIC, &until);
}

/* The condition keeps to itself which clock it goes by; the monotonic one is far behind the other. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *deadline) {
    clockid_t clock = deadline->tv_sec > 1000000000 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    return pthread_cond_clockwait(cond, mutex, clock, deadline);
}

static int shorter_ms(int timeout_ms) { return timeout_ms > 0 ? (int)ceil(timeout_ms / speed) : timeout_ms; }

int poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    int (*real)(struct pollfd *, nfds_t, int) = dlsym(RTLD_NEXT, "poll");
    return real(fds, count, shorter_ms(timeout_ms));
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout_ms) {
    int (*real)(int, struct epoll_event *, int, int) = dlsym(RTLD_NEXT, "epoll_wait");
    return real(fd, events, most, shorter_ms(timeout_ms));
}

int select(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other, struct timeval *restrict timeout) {
    struct timespec pause;
    if (timeout)
        pause = timespec_of((timeout->tv_sec + timeout->tv_usec / 1e6) / speed);
    return pselect(count, in, out, other, timeout ? &pause : NULL, NULL);
}
