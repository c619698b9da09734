#include "report.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plugin.h"
#include "symbol.h"
#include "task.h"

#define FRAMES	    48
#define MODULES_MAX 64

struct module {
	const void *base;
	const char *path;
	int fd;
};

static struct {
	char prog[80];
	int json;
	struct module modules[MODULES_MAX];
	unsigned n_modules;
} rp;

void
report_init(const char *prog, int json)
{
	void *frame[2];
	size_t n = strlen(prog);

	if (n >= sizeof rp.prog)
		n = sizeof rp.prog - 1;
	memcpy(rp.prog, prog, n);
	rp.prog[n] = '\0';
	rp.json = json;
	if (rp.n_modules > 0)
		return;		/* done before we were forked */
	/* The first call loads libgcc with malloc and locks: not later. */
	(void)backtrace(frame, 2);
	report_module((const void *)(uintptr_t)report_init, "skep-worker",
	    open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
}

void
report_module(const void *addr, const char *path, int fd)
{
	struct module *m = &rp.modules[rp.n_modules];
	Dl_info info;

	if (rp.n_modules == MODULES_MAX || dladdr(addr, &info) == 0)
		return;
	m->base = info.dli_fbase;
	m->path = path;
	m->fd = fd;
	rp.n_modules++;
}

void
report_add(struct report *r, const char *s)
{
	while (s != NULL && *s != '\0' && r->n + 1 < sizeof r->text)
		r->text[r->n++] = *s++;
	r->text[r->n] = '\0';
}

/* From outside: no second line, no end of the quotes. */
static void
add_safe(struct report *r, const char *s, size_t n)
{
	size_t i;
	char c[2] = "";

	for (i = 0; i < n; i++) {
		c[0] = s[i];
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f || s[i] == '"' ||
		    s[i] == '\\')
			c[0] = '?';
		report_add(r, c);
	}
}

static void
add_digits(struct report *r, uint64_t v, unsigned base, int width)
{
	char d[24];
	size_t at = sizeof d;

	d[--at] = '\0';
	do {
		d[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0 || (int)(sizeof d - 1 - at) < width);
	report_add(r, d + at);
}

void
report_num(struct report *r, int64_t v)
{
	if (v < 0)
		report_add(r, "-");
	add_digits(r, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, 0);
}

void
report_hex(struct report *r, uint64_t v)
{
	report_add(r, "0x");
	add_digits(r, v, 16, 0);
}

void
report_task(struct report *r, const struct skep_task *t)
{
	if (t == NULL) {
		report_add(r, " handler=none");
		return;
	}
	report_add(r, " plugin=");
	report_add(r, t->plugin != NULL ? t->plugin->name : "-");
	report_add(r, " kind=");
	report_add(r, t->kind->name);
	report_add(r, " handler=\"");
	add_safe(r, t->what, strlen(t->what));
	report_add(r, "\"");
	if (t->state == TASK_ENDING)
		report_add(r, " in=defer");
	if (t->id_len > 0) {
		report_add(r, " request_id=");
		add_safe(r, t->id, t->id_len);
	}
}

/* 2026-11-20T22:58:30.123456Z: gmtime_r() takes a lock. */
static void
add_time(struct report *r)
{
	struct timespec ts;
	int64_t days, era, doe, yoe, doy, mp, s;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	s = ts.tv_sec % 86400;
	/* Days from 1 March of year 0, in eras of 400 years. */
	days = ts.tv_sec / 86400 + 719468;
	era = days / 146097;
	doe = days % 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	add_digits(r, (uint64_t)(yoe + era * 400 + (mp >= 10)), 10, 4);
	report_add(r, "-");
	add_digits(r, (uint64_t)(mp < 10 ? mp + 3 : mp - 9), 10, 2);
	report_add(r, "-");
	add_digits(r, (uint64_t)(doy - (153 * mp + 2) / 5 + 1), 10, 2);
	report_add(r, "T");
	add_digits(r, (uint64_t)(s / 3600), 10, 2);
	report_add(r, ":");
	add_digits(r, (uint64_t)(s / 60 % 60), 10, 2);
	report_add(r, ":");
	add_digits(r, (uint64_t)(s % 60), 10, 2);
	report_add(r, ".");
	add_digits(r, (uint64_t)ts.tv_nsec / 1000, 10, 6);
	report_add(r, "Z");
}

static void
form_json(struct report *l, const char *sub, const struct report *text)
{
	const char *c;
	char one[3] = "";

	report_add(l, "{\"ts\":\"");
	add_time(l);
	report_add(l, "\",\"level\":\"error\",\"prog\":\"");
	report_add(l, rp.prog);
	report_add(l, "\",\"pid\":");
	report_num(l, getpid());
	report_add(l, ",\"sub\":\"");
	report_add(l, sub);
	report_add(l, "\",\"event\":\"");
	for (c = text->text; *c != '\0' && l->n + 4 < sizeof l->text; c++) {
		one[0] = *c == '"' || *c == '\\' ? '\\' : *c;
		one[1] = *c == '"' || *c == '\\' ? *c : '\0';
		report_add(l, one);
	}
	report_add(l, "\"}");
}

void
report_line(const char *sub, const struct report *text)
{
	struct report l = { .n = 0 };

	if (rp.json) {
		form_json(&l, sub, text);
	} else {
		add_time(&l);
		report_add(&l, " error ");
		report_add(&l, rp.prog);
		report_add(&l, "[");
		report_num(&l, getpid());
		report_add(&l, "] ");
		report_add(&l, sub);
		report_add(&l, ": ");
		report_add(&l, text->text);
	}
	l.text[l.n < sizeof l.text ? l.n : sizeof l.text - 1] = '\n';
	(void)!write(STDERR_FILENO, l.text, l.n + 1);
}

static const struct module *
module_at(const void *base)
{
	unsigned i;

	for (i = 0; i < rp.n_modules; i++)
		if (rp.modules[i].base == base)
			return &rp.modules[i];
	return NULL;
}

/* The innermost frame is where it stopped, the others are behind a call. */
static void
add_name(struct report *r, const struct module *m, const Dl_info *info,
    uint64_t at, int innermost)
{
	char name[128];

	if (m != NULL && symbol_find(m->fd, innermost ? at : at - 1, name,
	    sizeof name) > 0) {
		report_add(r, " name=");
		add_safe(r, name, strlen(name));
	} else if (info->dli_sname != NULL) {
		report_add(r, " name=");
		report_add(r, info->dli_sname);
	}
}

static void
add_place(struct report *r, void *pc, int innermost)
{
	const struct module *m;
	Dl_info info;
	uint64_t at;

	report_add(r, " at=");
	if (dladdr(pc, &info) == 0) {
		report_hex(r, (uintptr_t)pc);
		return;
	}
	m = module_at(info.dli_fbase);
	at = (uintptr_t)pc - (uintptr_t)info.dli_fbase;
	report_add(r, m != NULL ? m->path : info.dli_fname);
	report_add(r, "+");
	report_hex(r, at);
	add_name(r, m, &info, at, innermost);
}

void
report_backtrace(const char *sub)
{
	void *frames[FRAMES];
	int i, n = backtrace(frames, FRAMES);

	for (i = 0; i < n; i++) {
		struct report r = { .n = 0 };

		report_add(&r, "frame n=");
		report_num(&r, i);
		add_place(&r, frames[i], i == 0);
		report_line(sub, &r);
	}
}
