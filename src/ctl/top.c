/*
 * top.c - `skepctl top`: a live screen, with plain ANSI sequences.
 *
 * It draws over the last picture line by line, so that nothing flickers, and
 * cuts at the terminal's size.  Where standard output is no terminal it prints
 * one picture and ends; with --json the document that the picture is made of.
 */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "fdio.h"
#include "show.h"
#include "skepctl.h"
#include "unit.h"

#define INTERVAL_NS 1000000000LL
#define ANSWER_MS   5000

/* What the last picture showed, for rates. */
struct last {
	double requests, lookups;
	int64_t at_ns;
};

struct screen {
	struct client client;
	struct last last;
	int64_t interval_ns;
	int signals;		/* signalfd */
	struct termios before;
	int raw;
};

static double
sum_requests(const json_t *doc)
{
	const json_t *groups = json_object_get(doc, "groups"), *workers;
	double sum = 0;
	size_t i, k;

	for (i = 0; i < json_array_size(groups); i++) {
		workers = json_object_get(json_array_get(groups, i),
		    "workers");
		for (k = 0; k < json_array_size(workers); k++)
			sum += show_num(json_array_get(workers, k),
			    "requests");
	}
	return sum;
}

/* One line of rates since the last picture. */
static void
put_rates(struct last *last, const json_t *doc, struct buf *out)
{
	struct last now = { sum_requests(doc), show_num(doc, "cache.hits") +
	    show_num(doc, "cache.misses"), clock_mono_ns() };
	double s = (double)(now.at_ns - last->at_ns) / 1e9;
	char a[SHOW_LEN], b[SHOW_LEN];

	if (last->at_ns != 0 && s > 0)
		(void)buf_printf(out, "requests/s %s  look-ups/s %s\n",
		    show_count(a, now.requests < last->requests ? 0 :
		    (now.requests - last->requests) / s),
		    show_count(b, now.lookups < last->lookups ? 0 :
		    (now.lookups - last->lookups) / s));
	*last = now;
}

/* Ask for the status document.  0 and *out (json_decref), exit status else. */
static int
ask(struct screen *sc, json_t **out)
{
	static const char cmd[] = "status --json";
	const char *line;
	json_t *doc;
	size_t n;
	int rc;

	rc = client_send(&sc->client, cmd, sizeof(cmd) - 1);
	if (rc == 0)
		rc = client_line(&sc->client, &line, &n);
	if (rc != 1) {
		skepctl_complain("the daemon does not answer: %s",
		    strerror(rc == 0 ? EIO : -rc));
		return CTL_EXIT_UNAVAILABLE;
	}
	doc = json_loadb(line, n, 0, NULL);
	*out = json_incref(json_object_get(doc, "data"));
	if (*out == NULL) {
		const char *why =
		    json_string_value(json_object_get(doc, "error"));
		int code =
		    (int)json_integer_value(json_object_get(doc, "code"));

		skepctl_complain("%s", why == NULL ? "no status" : why);
		json_decref(doc);
		return code > 0 ? code : CTL_EXIT_UNAVAILABLE;
	}
	json_decref(doc);
	return 0;
}

/* The text cut at the size of the terminal, each line cleared to its end. */
static void
draw(const char *text)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	struct buf out = BUF_INIT;
	const char *nl;
	unsigned row = 1;
	size_t n;

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws);
	if (ws.ws_row < 2 || ws.ws_col < 2)
		ws.ws_row = 24, ws.ws_col = 80;
	(void)buf_addz(&out, "\033[H");
	for (; *text != '\0' && row < ws.ws_row; text = nl + 1, row++) {
		nl = text + strcspn(text, "\n");
		n = (size_t)(nl - text);
		if (n > ws.ws_col)
			n = ws.ws_col;
		(void)buf_add(&out, text, n);
		(void)buf_addz(&out, "\033[K\r\n");
		if (*nl == '\0')
			break;
	}
	(void)buf_addz(&out, "\033[J");
	(void)fdio_write_all(STDOUT_FILENO, buf_head(&out), buf_len(&out));
	buf_fini(&out);
}

/* Those that end, stop or redraw it are read at rest, in wait_next(). */
static void
signals_open(struct screen *sc)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH,
		SIGTSTP };
	sigset_t set;
	size_t i;

	(void)sigemptyset(&set);
	for (i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		(void)sigaddset(&set, sigs[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	sc->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Letters without echo and line; the other screen, without a cursor. */
static void
screen_enter(struct screen *sc)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &sc->before) == 0) {
		t = sc->before;
		t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		t.c_cc[VMIN] = 0;
		t.c_cc[VTIME] = 0;
		sc->raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
	}
	(void)fdio_write_all(STDOUT_FILENO, "\033[?1049h\033[?25l", 14);
}

static void
screen_leave(struct screen *sc)
{
	(void)fdio_write_all(STDOUT_FILENO, "\033[?25h\033[?1049l", 14);
	if (sc->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &sc->before);
}

/*
 * Ctrl-Z: the terminal as it was, and then stopped as if the signal had not
 * been blocked.  Whoever continues us finds the screen taken again.
 */
static void
stop_here(struct screen *sc)
{
	sigset_t set;

	screen_leave(sc);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTSTP);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);	/* stops here */
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	screen_enter(sc);
}

enum next { NEXT_DRAW, NEXT_END };

/* Sleep until the next picture is due, a key or a signal. */
static enum next
wait_next(struct screen *sc)
{
	struct pollfd p[2] = {
		{ .fd = sc->raw ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = sc->signals, .events = POLLIN }
	};
	struct signalfd_siginfo si;
	char key;

	if (poll(p, 2, (int)(sc->interval_ns / 1000000)) <= 0)
		return NEXT_DRAW;
	if ((p[0].revents & POLLIN) != 0 &&
	    read(STDIN_FILENO, &key, 1) == 1 && (key == 'q' || key == 'Q'))
		return NEXT_END;
	if ((p[0].revents & (POLLHUP | POLLERR)) != 0)
		return NEXT_END;
	if (read(sc->signals, &si, sizeof(si)) != (ssize_t)sizeof(si) ||
	    si.ssi_signo == SIGWINCH)
		return NEXT_DRAW;
	if (si.ssi_signo != SIGTSTP)
		return NEXT_END;
	stop_here(sc);
	return NEXT_DRAW;
}

static int
picture(struct screen *sc, struct buf *out)
{
	json_t *doc;
	int rc = ask(sc, &doc);

	if (rc != 0)
		return rc;
	put_rates(&sc->last, doc, out);
	show_status(doc, out);
	json_decref(doc);
	return buf_ok(out) ? 0 : CTL_EXIT_FAILED;
}

static int
live(struct screen *sc)
{
	struct buf out = BUF_INIT;
	const char *text;
	int rc;

	signals_open(sc);
	screen_enter(sc);
	do {
		buf_clear(&out);
		rc = picture(sc, &out);
		(void)buf_addz(&out, "\nq ends\n");
		text = buf_str(&out);
		if (rc == 0 && text != NULL)
			draw(text);
	} while (rc == 0 && wait_next(sc) == NEXT_DRAW);
	screen_leave(sc);
	fdio_close(&sc->signals);
	buf_fini(&out);
	return rc;
}

static int
once(struct screen *sc)
{
	struct buf out = BUF_INIT;
	int rc = picture(sc, &out);

	if (rc == 0)
		(void)fwrite(buf_head(&out), 1, buf_len(&out), stdout);
	buf_fini(&out);
	return rc;
}

/* The document that a picture is made of. */
static int
once_json(const struct skepctl *s, struct screen *sc)
{
	json_t *doc;
	int rc = ask(sc, &doc);

	if (rc != 0)
		return rc;
	rc = skepctl_put(s, doc);
	json_decref(doc);
	return rc;
}

int
top_run(struct skepctl *s)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *interval = ctl_opt(&s->line, "--interval");
	struct screen sc = { .interval_ns = INTERVAL_NS, .signals = -1 };
	int rc;

	if (interval != NULL && (unit_duration(interval, &sc.interval_ns) < 0 ||
	    sc.interval_ns < 100000000 || sc.interval_ns > 3600000000000)) {
		skepctl_complain("--interval=%s: not a duration from 100ms to"
		    " 1h", interval);
		return CTL_EXIT_USAGE;
	}
	rc = skepctl_socket(s, path, sizeof(path));
	if (rc < 0)
		return rc == -EINVAL ? CTL_EXIT_CONFIG : CTL_EXIT_UNAVAILABLE;
	rc = client_open(&sc.client, path, ANSWER_MS);
	if (rc < 0)
		return skepctl_unreachable(path, rc);
	rc = s->json ? once_json(s, &sc) :
	    s->tty && ctl_opt(&s->line, "--once") == NULL ? live(&sc) :
	    once(&sc);
	client_close(&sc.client);
	return rc;
}
