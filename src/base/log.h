/*
 * log.h - one line an event to standard error.
 *
 *	log_info("worker", "exit slot=%d pid=%d sig=%d", slot, pid, sig);
 *
 * gives, with a single write(2),
 *
 *	2026-11-20T22:58:30.123456Z info skepd[812] worker: exit slot=3 ...
 *
 * The text is a few lower-case words, then key=value; a value with spaces goes
 * in double quotes and through log_quote().  Control bytes are escaped here, so
 * that nothing from outside can make a second line.  With log.format = json
 * the line is one object with ts, level, prog, pid, sub, event and the keys.
 *
 * error: someone must act; warn: degraded; info: a state changed; debug: the
 * rest.  The same line again within a second is counted instead of written,
 * and the count follows as repeated=N; call log_tick() about once a second.
 *
 * Not for signal handlers.  Safe in several threads: a line is built on the
 * stack; the fold table is guarded.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

/* The same numbers as enum skep_level. */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

#ifdef __GNUC__
#define LOG_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define LOG_PRINTF(f, a)
#endif

/*
 * Name the process in its lines: "skepd", "web.1".  Also takes note of the pid:
 * call it again after a fork.
 */
void log_init(const char *prog);
void log_set_json(int on);
/* Where lines go instead of standard error (tests); the descriptor is borrowed. */
void log_set_fd(int fd);

/*
 * "debug" sets the level of all, "cache=debug" of one subsystem.  0, -EINVAL
 * for an unknown level, -ENOSPC for more than 32 subsystems.
 */
int log_set_level(const char *spec);
/* The specs that lead from the start to the levels of now: "info", "cache=debug". */
void log_levels(void (*fn)(const char *spec, void *arg), void *arg);
int log_enabled(const char *sub, enum log_level);
const char *log_level_name(enum log_level);

void log_error(const char *sub, const char *fmt, ...) LOG_PRINTF(2, 3);
void log_warn(const char *sub, const char *fmt, ...) LOG_PRINTF(2, 3);
void log_info(const char *sub, const char *fmt, ...) LOG_PRINTF(2, 3);
void log_debug(const char *sub, const char *fmt, ...) LOG_PRINTF(2, 3);

/* The general form; request_id (may be NULL) is appended as request_id=... */
void log_line(enum log_level, const char *sub, const char *request_id,
    size_t request_id_len, const char *text, size_t text_len);

/* Write the counts of lines that were folded and have been quiet for a second. */
void log_tick(void);
/* Write them all: before exit. */
void log_flush(void);

/*
 * s as the inside of a quoted value: quotes, backslashes and control bytes
 * escaped, cut with "..." where it does not fit.  Returns buf.
 *
 *	char q[128];
 *	log_warn("reload", "refused reason=\"%s\"", log_quote(q, sizeof q, why));
 */
const char *log_quote(char *buf, size_t size, const char *s);

#endif
