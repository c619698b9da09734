#include "log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

/*
 * A line fits PIPE_BUF: such a write to a pipe is whole or not at all, and
 * cannot block once poll() has said that the pipe takes it.
 */
#define LINE_MAX_BYTES 4000
#define TEXT_MAX       3000
#define SUBS_MAX       32
#define SUB_LEN	       24
#define FOLDS	       64
#define FOLD_TEXT      256
#define FOLD_NS	       CLOCK_NS_PER_S

static_assert(LINE_MAX_BYTES < PIPE_BUF, "one write, one line");

/* A line seen lately.  Its text is kept so that its count can name it. */
struct fold {
	uint64_t hash;		/* 0: free */
	int64_t since_ns;
	unsigned repeated;
	enum log_level level;
	char sub[SUB_LEN], text[FOLD_TEXT];
};

static struct {
	char prog[32];
	pid_t pid;
	int fd, json;
	enum log_level level;
	struct {
		char name[SUB_LEN];
		enum log_level level;
	} subs[SUBS_MAX];
	unsigned n_subs;
	/* Guards folds; who does not get it at once logs without folding. */
	atomic_flag fold_lock;
	struct fold folds[FOLDS];
	atomic_uint lost;	/* lines that standard error did not take */
} lg = { .prog = "skep", .fd = STDERR_FILENO, .level = LOG_LEVEL_INFO,
    .fold_lock = ATOMIC_FLAG_INIT };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void
log_init(const char *prog)
{
	(void)snprintf(lg.prog, sizeof(lg.prog), "%s", prog);
	lg.pid = getpid();
}

void
log_set_json(int on)
{
	lg.json = on;
}

void
log_set_fd(int fd)
{
	lg.fd = fd;
}

const char *
log_level_name(enum log_level level)
{
	return (unsigned)level < 4 ? level_names[level] : "?";
}

static int
level_of(const char *name, enum log_level *out)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	return -EINVAL;
}

int
log_set_level(const char *spec)
{
	const char *eq = strchr(spec, '=');
	enum log_level level;
	size_t n;
	unsigned i;

	if (level_of(eq == NULL ? spec : eq + 1, &level) < 0)
		return -EINVAL;
	if (eq == NULL) {
		lg.level = level;
		lg.n_subs = 0;	/* all means all */
		return 0;
	}
	n = (size_t)(eq - spec);
	if (n == 0 || n >= SUB_LEN)
		return -EINVAL;
	for (i = 0; i < lg.n_subs; i++)
		if (strncmp(lg.subs[i].name, spec, n) == 0 &&
		    lg.subs[i].name[n] == '\0')
			break;
	if (i == SUBS_MAX)
		return -ENOSPC;
	memcpy(lg.subs[i].name, spec, n);
	lg.subs[i].name[n] = '\0';
	lg.subs[i].level = level;
	if (i == lg.n_subs)
		lg.n_subs++;
	return 0;
}

void
log_levels(void (*fn)(const char *spec, void *arg), void *arg)
{
	char spec[SUB_LEN + 16];
	unsigned i;

	fn(level_names[lg.level], arg);
	for (i = 0; i < lg.n_subs; i++) {
		(void)snprintf(spec, sizeof(spec), "%s=%s", lg.subs[i].name,
		    level_names[lg.subs[i].level]);
		fn(spec, arg);
	}
}

int
log_enabled(const char *sub, enum log_level level)
{
	unsigned i;

	for (i = 0; i < lg.n_subs; i++)
		if (strcmp(lg.subs[i].name, sub) == 0)
			return level <= lg.subs[i].level;
	return level <= lg.level;
}

/* Append s, keeping two bytes free for the end of the line. */
static size_t
put(char *line, size_t at, const char *s, size_t n)
{
	if (n > LINE_MAX_BYTES - 2 - at)
		n = LINE_MAX_BYTES - 2 - at;
	memcpy(line + at, s, n);
	return at + n;
}

static size_t
putz(char *line, size_t at, const char *s)
{
	return put(line, at, s, strlen(s));
}

/* Append with control bytes escaped; in JSON also quotes and backslashes. */
static size_t
put_safe(char *line, size_t at, const char *s, size_t n, int json)
{
	char esc[8];
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c == 0x7f) {
			(void)snprintf(esc, sizeof(esc),
			    json ? "\\u%04x" : "\\x%02x", c);
			at = putz(line, at, esc);
		} else if (json && (c == '"' || c == '\\')) {
			at = putz(line, at, c == '"' ? "\\\"" : "\\\\");
		} else {
			at = put(line, at, s + i, 1);
		}
	}
	return at;
}

static size_t
put_time(char *line, size_t at)
{
	int64_t ns = clock_wall_ns();
	time_t s = ns / CLOCK_NS_PER_S;
	struct tm tm;
	char buf[48];

	if (gmtime_r(&s, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	(void)snprintf(buf, sizeof(buf),
	    "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)(ns % CLOCK_NS_PER_S / 1000));
	return putz(line, at, buf);
}

static size_t
put_key(char *line, size_t at, const char *key, size_t n)
{
	at = putz(line, at, ",\"");
	at = put_safe(line, at, key, n, 1);
	return putz(line, at, "\":\"");
}

/* The length of the word at s: up to a space outside of double quotes. */
static size_t
word_len(const char *s, size_t n)
{
	size_t i;
	int quoted = 0;

	for (i = 0; i < n && (quoted || s[i] != ' '); i++) {
		if (quoted && s[i] == '\\' && i + 1 < n)
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
	}
	return i;
}

/* The value of key="..." or key=..., its quotes and their escapes taken off. */
static size_t
put_value(char *line, size_t at, const char *v, size_t n)
{
	size_t i;

	if (n < 2 || v[0] != '"' || v[n - 1] != '"')
		return put_safe(line, at, v, n, 1);
	for (i = 1; i + 1 < n; i++) {
		if (v[i] == '\\' && i + 2 < n &&
		    (v[i + 1] == '"' || v[i + 1] == '\\'))
			i++;
		at = put_safe(line, at, v + i, 1, 1);
	}
	return at;
}

/* The text "worker exit slot=3" as "event":"worker exit","slot":"3". */
static size_t
put_json_text(char *line, size_t at, const char *text, size_t n)
{
	const char *end = text + n, *eq = NULL;
	size_t event = 0, len;

	while (event < n) {
		len = word_len(text + event, n - event);
		eq = memchr(text + event, '=', len);
		if (eq != NULL && eq != text + event)
			break;
		event += len;
		if (event < n)
			event++;
	}
	at = put_key(line, at, "event", 5);
	len = event > 0 && event < n ? event - 1 : event;
	at = put_safe(line, at, text, len, 1);
	for (text += event; text < end; text += len + 1) {
		len = word_len(text, (size_t)(end - text));
		eq = memchr(text, '=', len);
		if (eq == NULL)
			eq = text + len;
		/* Never cut an object in the middle. */
		if (LINE_MAX_BYTES - at < 6 * len + 32)
			break;
		at = putz(line, at, "\"");
		at = put_key(line, at, text, (size_t)(eq - text));
		if (eq < text + len)
			at = put_value(line, at, eq + 1,
			    (size_t)(text + len - eq - 1));
	}
	return putz(line, at, "\"");
}

static size_t
form_kv(char *line, enum log_level level, const char *sub, const char *id,
    size_t id_len, const char *text, size_t n)
{
	char head[96];
	size_t at;

	at = put_time(line, 0);
	(void)snprintf(head, sizeof(head), " %s %s[%d] %s: ",
	    log_level_name(level), lg.prog, (int)lg.pid, sub);
	at = putz(line, at, head);
	at = put_safe(line, at, text, n, 0);
	if (id != NULL) {
		at = putz(line, at, " request_id=");
		at = put_safe(line, at, id, id_len, 0);
	}
	return at;
}

static size_t
form_json(char *line, enum log_level level, const char *sub, const char *id,
    size_t id_len, const char *text, size_t n)
{
	char head[128];
	size_t at;

	at = putz(line, 0, "{\"ts\":\"");
	at = put_time(line, at);
	(void)snprintf(head, sizeof(head),
	    "\",\"level\":\"%s\",\"prog\":\"%s\",\"pid\":%d,\"sub\":\"%s\"",
	    log_level_name(level), lg.prog, (int)lg.pid, sub);
	at = putz(line, at, head);
	if (id != NULL && id_len <= 128) {
		at = put_key(line, at, "request_id", 10);
		at = put_safe(line, at, id, id_len, 1);
		at = putz(line, at, "\"");
	}
	/* Escapes take up to six bytes; what is longer is cut before. */
	if (n > (LINE_MAX_BYTES - at - 64) / 6 && n > 500)
		n = 500;
	at = put_json_text(line, at, text, n);
	return putz(line, at, "}");
}

/* A line that cannot be written at once is counted: no process waits for its log. */
static void
emit(const char *line, size_t n)
{
	struct pollfd p = { .fd = lg.fd, .events = POLLOUT };
	ssize_t k;

	if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0) {
		atomic_fetch_add_explicit(&lg.lost, 1, memory_order_relaxed);
		return;
	}
	do
		k = write(lg.fd, line, n);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		atomic_fetch_add_explicit(&lg.lost, 1, memory_order_relaxed);
}

static void
write_line(enum log_level level, const char *sub, const char *id,
    size_t id_len, const char *text, size_t n)
{
	char line[LINE_MAX_BYTES];
	size_t at;

	if (lg.pid == 0)
		lg.pid = getpid();
	at = (lg.json ? form_json : form_kv)(line, level, sub, id, id_len, text,
	    n);
	line[at++] = '\n';
	emit(line, at);
}

static uint64_t
hash_line(enum log_level level, const char *sub, const char *text, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)level;
	size_t i;

	for (; *sub != '\0'; sub++)
		h = (h ^ (unsigned char)*sub) * 0x100000001b3u;
	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
	return h == 0 ? 1 : h;
}

static void
fold_end(struct fold *f)
{
	char text[FOLD_TEXT + 32];
	int n;

	if (f->hash != 0 && f->repeated > 0) {
		n = snprintf(text, sizeof(text), "%s repeated=%u", f->text,
		    f->repeated);
		write_line(f->level, f->sub, NULL, 0, text, (size_t)n);
	}
	f->hash = 0;
	f->repeated = 0;
}

/* 1 when the line was only counted. */
static int
fold(enum log_level level, const char *sub, const char *text, size_t n)
{
	uint64_t h = hash_line(level, sub, text, n);
	struct fold *f = &lg.folds[h % FOLDS];
	int64_t now = clock_coarse_ns();

	if (f->hash == h && now - f->since_ns < FOLD_NS) {
		f->repeated++;
		return 1;
	}
	fold_end(f);
	f->hash = h;
	f->since_ns = now;
	f->level = level;
	(void)snprintf(f->sub, sizeof(f->sub), "%s", sub);
	(void)snprintf(f->text, sizeof(f->text), "%.*s", (int)n, text);
	return 0;
}

void
log_line(enum log_level level, const char *sub, const char *id, size_t id_len,
    const char *text, size_t n)
{
	int folded = 0;

	if (!log_enabled(sub, level))
		return;
	if (n > TEXT_MAX)
		n = TEXT_MAX;
	if (!atomic_flag_test_and_set_explicit(&lg.fold_lock,
	    memory_order_acquire)) {
		folded = fold(level, sub, text, n);
		atomic_flag_clear_explicit(&lg.fold_lock,
		    memory_order_release);
	}
	if (!folded)
		write_line(level, sub, id, id_len, text, n);
}

static void LOG_PRINTF(3, 0)
logv(enum log_level level, const char *sub, const char *fmt, va_list ap)
{
	char text[TEXT_MAX];
	int n;

	if (!log_enabled(sub, level))
		return;
	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text)) {
		n = sizeof(text) - 1;
		memcpy(text + n - 3, "...", 3);
	}
	log_line(level, sub, NULL, 0, text, (size_t)n);
}

#define LOG_FUNCTION(name, level)                                              \
	void log_##name(const char *sub, const char *fmt, ...)                 \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		logv(level, sub, fmt, ap);                                     \
		va_end(ap);                                                    \
	}
LOG_FUNCTION(error, LOG_LEVEL_ERROR)
LOG_FUNCTION(warn, LOG_LEVEL_WARN)
LOG_FUNCTION(info, LOG_LEVEL_INFO)
LOG_FUNCTION(debug, LOG_LEVEL_DEBUG)

static void
sweep(int all)
{
	int64_t now = clock_coarse_ns();
	unsigned i, lost;

	if (!atomic_flag_test_and_set_explicit(&lg.fold_lock,
	    memory_order_acquire)) {
		for (i = 0; i < FOLDS; i++)
			if (lg.folds[i].hash != 0 &&
			    (all || now - lg.folds[i].since_ns >= FOLD_NS))
				fold_end(&lg.folds[i]);
		atomic_flag_clear_explicit(&lg.fold_lock,
		    memory_order_release);
	}
	lost = atomic_exchange_explicit(&lg.lost, 0, memory_order_relaxed);
	if (lost > 0)
		log_warn("log", "lines lost n=%u", lost);
}

void
log_tick(void)
{
	sweep(0);
}

void
log_flush(void)
{
	sweep(1);
}

const char *
log_quote(char *buf, size_t size, const char *s)
{
	size_t at = 0;
	char esc[5];

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			(void)snprintf(esc, sizeof(esc), "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			(void)snprintf(esc, sizeof(esc), "\\x%02x", c);
		else
			(void)snprintf(esc, sizeof(esc), "%c", c);
		if (at + strlen(esc) + 4 > size) {
			if (size >= 4 && at + 4 <= size)
				memcpy(buf + at, "...", 4);
			else if (size > 0)
				buf[at < size ? at : size - 1] = '\0';
			return buf;
		}
		memcpy(buf + at, esc, strlen(esc));
		at += strlen(esc);
	}
	if (size > 0)
		buf[at] = '\0';
	return buf;
}
