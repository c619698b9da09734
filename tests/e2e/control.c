/*
 * What an operator does: skepctl's commands and exit statuses, the protocol
 * spoken by hand, the admin pages, and the region of a server that has died.
 */
#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control_hand.h"
#include "control_top.h"
#include "http1.h"
#include "item.h"
#include "stage.h"

static struct stage st;
static char ctl[512], skepd[512], out[1 << 20];
static int bad;

#define SAY(...)                                                               \
	do {                                                                   \
		printf("FAIL: " __VA_ARGS__);                                  \
		putchar('\n');                                                 \
		bad = 1;                                                       \
	} while (0)

/* Run a command line of the shell; its standard output in out, its status. */
static int
run(const char *command)
{
	FILE *p = popen(command, "r");
	size_t n;
	int status;

	if (p == NULL)
		return -1;
	n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	status = pclose(p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* "skepctl ARGS": must end with that status, its output contain word. */
static void
expect(const char *args, int status, const char *word)
{
	char command[2048];
	int rc;

	(void)snprintf(command, sizeof(command),
	    "timeout 20 '%s' -s %s/run/control.sock %s 2>&1", ctl, st.dir, args);
	rc = run(command);
	if (rc != status || strstr(out, word) == NULL)
		SAY("skepctl %s: status %d, wanted %d with \"%s\": %.300s",
		    args, rc, status, word, out);
}

static void
commands(void)
{
	expect("ping", 0, "pong in ");
	expect("ping --json", 0, "\"answer_s\":");
	expect("status", 0, "web.1");
	expect("status", 0, "2/2");
	expect("workers web", 0, "web.2");
	expect("workers none", 1, "none");
	expect("sttus", 2, "did you mean \"status\"");
	expect("scale web", 2, "usage: scale");
	expect("cache", 2, "needs a verb");
	expect("upgrade", 2, "unknown command");
	expect("cache set k 'a  b' --ttl=1m --flags=7", 0, "stored");
	expect("cache get k", 0, "a  b");
	expect("cache get k --json", 0, "\"flags\":7");
	expect("cache get none", 1, "no such key");
	expect("cache del k none --dry-run", 0, "would remove 1");
	expect("cache del k none", 0, "removed 1");
	expect("cache set k v --ttl=soon", 2, "not a duration");
	expect("cache stats --json", 0, "\"capacity_bytes\":");
	expect("cache flush --dry-run", 0, "would remove");
	expect("cache flush", 0, "removed");
	expect("metrics skep_workers_min", 0, "skep_workers_min{group=\"web\"} 2");
	expect("metrics process_ --json", 0, "\"process_max_fds\"");
	expect("metrics skep_nothing", 1, "begins with \"skep_nothing\"");
	expect("events --last=5", 0, "");
	expect("log reopen", 0, "there is no access log");
	expect("log level", 0, "info");
	expect("log level cache=debug", 0, "");
	expect("log level", 0, "info cache=debug");
	expect("log level loud", 2, "");
	expect("top", 0, "web.1");
	expect("top --json", 0, "{\"version\":");
	expect("inspect", 0, "SECTION");
	expect("fsck", 0, "clean");
}

static void
documents(void)
{
	static const char *const members[] = { "version", "pid", "uptime_s",
		"generation", "groups", "cache", "alerts" };
	static const char *const of_worker[] = { "id", "pid", "state",
		"requests", "connections", "busy", "pss_bytes", "restarts" };
	json_t *doc, *w;
	size_t i;

	expect("status --json", 0, "{");
	doc = json_loads(out, 0, NULL);
	for (i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (json_object_get(doc, members[i]) == NULL)
			SAY("status lacks %s", members[i]);
	w = json_array_get(json_object_get(json_array_get(
	    json_object_get(doc, "groups"), 0), "workers"), 0);
	for (i = 0; i < sizeof(of_worker) / sizeof(*of_worker); i++)
		if (json_object_get(w, of_worker[i]) == NULL)
			SAY("a worker of status lacks %s", of_worker[i]);
	json_decref(doc);
}

static void
terminals(void)
{
	char socket_path[128];

	(void)snprintf(socket_path, sizeof(socket_path), "%s/run/control.sock",
	    st.dir);
	if (control_top(ctl, socket_path) != 0)
		bad = 1;
}

/* Each command tells how it is used, in both ways. */
static void
helps(void)
{
	static const char usage[] = "usage: skepctl [-c FILE] [-s SOCKET]"
	    " [--json] ";
	char want[256];

	(void)snprintf(want, sizeof(want), "%sscale GROUP N|auto [--wait]"
	    " [--dry-run]\n\n  Set how many workers", usage);
	expect("help scale", 0, want);
	expect("scale web --help", 0, want);
	expect("scale -- web --help", 2, "\"--help\" is no number");
	expect("help", 0, "Commands:\n  ping\n");
	expect("cache --help", 0, "Store a value");
	expect("help cache set", 0, "cache set KEY VALUE");
	if (strstr(out, "cache del") != NULL)
		SAY("help of one verb has others: %.300s", out);
	expect("help stauts", 2, "did you mean \"status\"");
	expect("help cache sett", 2, "did you mean \"set\"");
	expect("help fsck --json", 0, "[{\"noun\":\"fsck\",\"verb\":\"\",");
	expect("--bogus", 2, "unknown option --bogus");
	expect("-c", 2, "-c needs a value");
	expect("", 2, "no command");
}

/* With --json a refusal is one document on standard output, and nothing else. */
static void
refuses(const char *args, int status, const char *word)
{
	const char *why;
	json_t *doc;
	int code;

	expect(args, status, "");
	doc = json_loads(out, 0, NULL);
	why = json_string_value(json_object_get(doc, "error"));
	code = (int)json_integer_value(json_object_get(doc, "code"));
	if (why == NULL || strstr(why, word) == NULL || code != status)
		SAY("skepctl %s: wanted code %d and \"%s\": %.300s", args,
		    status, word, out);
	json_decref(doc);
}

static void
refusals(void)
{
	refuses("--json sttus", 2, "did you mean \"status\"");
	refuses("scale web --json", 2, "usage: scale");
	refuses("workers none --json", 1, "none");
	refuses("cache get none --json", 1, "no such key");
	refuses("--json --bogus", 2, "--bogus");
	refuses("--json", 2, "no command");
	refuses("help nothing --json", 2, "unknown command");
	refuses("fsck /nowhere --json", 1, "/nowhere: No such file");
	refuses("inspect /nowhere --json", 1, "/nowhere: No such file");
	refuses("-s /nowhere ping --json", 69, "no daemon answers at /nowhere");
}

/* --- the admin pages --- */

static int
page(const char *method, const char *path, struct answer *a)
{
	struct http1 h;
	int rc = http1_open(&h, st.server.admin_port);

	if (rc == 0)
		rc = http1_ask(&h, method, path, "", NULL, a);
	if (rc == 0) {
		(void)snprintf(out, sizeof(out), "%.*s", (int)a->body_len,
		    a->body_len > 0 ? a->body : "");
		rc = a->status;
	}
	http1_close(&h);
	return rc;
}

static void
expect_page(const char *method, const char *path, int status,
    const char *word)
{
	struct answer a;
	int rc = page(method, path, &a);

	if (rc != status || strstr(out, word) == NULL)
		SAY("%s %s: %d, wanted %d with %s: %.300s", method, path, rc,
		    status, word, out);
}

/* HEAD has the length of GET and no body. */
static void
head(void)
{
	static const char request[] = "HEAD /healthz HTTP/1.1\r\nHost: x\r\n"
	    "Connection: close\r\n\r\n";
	struct http1 h;
	size_t at = 0;
	ssize_t n;

	if (http1_open(&h, st.server.admin_port) < 0 || send(h.fd, request,
	    sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		SAY("cannot ask the admin server");
	while ((n = recv(h.fd, out + at, 4096, 0)) > 0)
		at += (size_t)n;
	out[at] = '\0';
	http1_close(&h);
	if (strstr(out, "Content-Length: 16\r\n") == NULL || at < 4 ||
	    strcmp(out + at - 4, "\r\n\r\n") != 0)
		SAY("HEAD: %.300s", out);
}

static void
pages(void)
{
	char command[256];
	FILE *f;

	expect_page("GET", "/healthz", 200, "ok");
	expect_page("GET", "/readyz?x=1", 200, "{\"ready\":true,\"reasons\":[]}");
	expect_page("GET", "/api/monitoring/health", 200,
	    "{\"status\":\"ok\",\"checks\":[{\"name\":");
	expect_page("GET", "/nothing", 404, "{\"error\":");
	expect_page("GET", "/healthz/", 404, "{\"error\":");
	expect_page("POST", "/metrics", 405, "{\"error\":");
	expect_page("GET", "/metrics", 200,
	    "# TYPE http_request_duration_seconds histogram\n");
	(void)snprintf(command, sizeof(command), "%s/metrics", st.dir);
	f = fopen(command, "w");
	if (f == NULL || fputs(out, f) < 0 || fclose(f) != 0)
		SAY("cannot write %s", command);
	(void)snprintf(command, sizeof(command),
	    "promtool check metrics 2>&1 < %s/metrics", st.dir);
	if (system("command -v promtool >/dev/null 2>&1") != 0)
		printf("note: no promtool (Debian package prometheus):"
		    " metrics not linted\n");
	else if (run(command) != 0 || out[0] != '\0')
		SAY("promtool: %.300s", out);
	head();
}

/* --- a keeper that dies, or hangs --- */

static pid_t
keeper_pid(void)
{
	json_t *doc;
	pid_t pid;

	expect("status --json", 0, "{");
	doc = json_loads(out, 0, NULL);
	pid = (pid_t)json_integer_value(json_object_get(json_object_get(doc,
	    "keeper"), "pid"));
	json_decref(doc);
	return pid;
}

static void
keeper_gets(int sig)
{
	const char *const words[] = { "keeper: ready", NULL };
	char line[1024];
	pid_t pid = keeper_pid();

	while (server_log_next(&st.server, line, sizeof(line)) == 1)
		;
	if (pid <= 1 || kill(pid, sig) < 0 ||
	    server_log_wait(&st.server, words, 20000, line, sizeof(line)) != 1)
		SAY("no new keeper after signal %d", sig);
	expect("cache get none", 1, "no such key");
	expect_page("GET", "/healthz", 200, "ok");
}

/* --- configurations --- */

static void
configurations(void)
{
	char path[128], command[1024];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/bad.conf", st.dir);
	f = fopen(path, "w");
	if (f == NULL || fputs("http {\n\tbody_mux = 1\n}\n", f) < 0 ||
	    fclose(f) != 0)
		SAY("cannot write %s", path);
	(void)snprintf(command, sizeof(command), "check %s", path);
	expect(command, 78, "bad.conf:2: unknown key \"body_mux\" in section"
	    " http; did you mean \"body_max\"?");
	f = fopen(path, "w");
	if (f == NULL || fputs("group web {\n\tplugin = nowhere\n}\n", f) < 0 ||
	    fclose(f) != 0)
		SAY("cannot write %s", path);
	(void)snprintf(command, sizeof(command), "check %s", path);
	expect(command, 78, "bad.conf:2: group web: plugin nowhere: ");
	(void)snprintf(command, sizeof(command), "'%s' -t -c %s 2>&1", skepd,
	    path);
	if (run(command) != 78 || strstr(out, "bad.conf:2: ") == NULL)
		SAY("skepd -t: %.300s", out);
	(void)snprintf(command, sizeof(command), "'%s' -t -c %s/skepd.conf 2>&1",
	    skepd, st.dir);
	if (run(command) != 0)
		SAY("skepd -t: %.300s", out);
	(void)snprintf(command, sizeof(command), "check %s/skepd.conf", st.dir);
	expect(command, 0, "skepd.conf:");
	(void)snprintf(command, sizeof(command), "check %s/skepd.conf --json",
	    st.dir);
	expect(command, 0, "\"origin\":\"default\"");
}

/* --- the region without its daemon --- */

static void
region(const char *life)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "inspect %s",
	    st.server.region);
	expect(command, 0, life);
	(void)snprintf(command, sizeof(command), "inspect %s --json",
	    st.server.region);
	expect(command, 0, "\"sections\":[{\"name\":\"slots\"");
	(void)snprintf(command, sizeof(command), "fsck %s", st.server.region);
	expect(command, 0, st.server.region);
	(void)snprintf(command, sizeof(command), "fsck %s/skepd.conf", st.dir);
	expect(command, 1, "");
	expect("fsck /nowhere", 1, "No such file");
	expect("inspect /nowhere", 1, "skepctl: /nowhere: No such file");
}

/* Somebody who is neither root nor the owner. */
static void
stranger(void)
{
	char command[1024];

	if (geteuid() != 0 ||
	    system("command -v setpriv >/dev/null 2>&1") != 0)
		return;
	(void)snprintf(command, sizeof(command), "setpriv --reuid=65534"
	    " --regid=65534 --clear-groups '%s' -s %s/run/control.sock ping 2>&1",
	    ctl, st.dir);
	if (run(command) != 77)
		SAY("a stranger got %.200s", out);
	(void)snprintf(command, sizeof(command), "setpriv --reuid=65534"
	    " --regid=65534 --clear-groups '%s' inspect %s 2>&1", ctl,
	    st.server.region);
	if (run(command) != 77 || strncmp(out, "skepctl: /", 10) != 0 ||
	    strstr(out, ".region: Permission denied") == NULL)
		SAY("a stranger got %.200s", out);
}

static const char *
look_at(void)
{
	char command[1024];

	(void)snprintf(command, sizeof(command), "'%s' inspect %s", ctl,
	    st.server.region);
	(void)run(command);
	return out;
}

static void
killed(void)
{
	const char *const words[] = { "no such line", NULL };
	char line[256];
	int i;

	pid_t keeper = keeper_pid();

	(void)kill(st.server.proc.pid, SIGSTOP);
	region("alive");
	/* The master cannot reap it, nor have its slot repaired. */
	if (keeper <= 1 || kill(keeper, SIGKILL) < 0)
		SAY("no keeper");
	for (i = 0; i < 300; i++) {
		(void)usleep(10000);
		if (strstr(look_at(), "dead") != NULL)
			break;
	}
	region("dead");
	(void)kill(st.server.proc.pid, SIGKILL);
	(void)server_log_wait(&st.server, words, 5000, line, sizeof(line));
	/* Its children see the end of their channels. */
	for (i = 0; i < 1000; i++) {
		pid_t pids[8];

		if (stage_processes(&st, pids, 8) == 0)
			break;
		(void)usleep(10000);
	}
	region("format");
	expect("status", 3, "no daemon");
	expect("status --json", 3, "no daemon");
	expect("ping", 69, "no daemon");
	expect("top", 69, "no daemon answers at ");
	expect("inspect", 69, "no daemon answers at ");
	expect("fsck", 69, "no daemon answers at ");
	(void)unlink(st.server.region);
}

static void
clean(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r %s", st.dir);
	if (system(command) != 0)
		SAY("cannot remove %s", st.dir);
}

int
main(void)
{
	char conf[2000];
	int rc;

	if (server_program("skepctl", ctl, sizeof(ctl)) < 0 ||
	    server_program("skepd", skepd, sizeof(skepd)) < 0) {
		printf("skip: skepctl or skepd is not built\n");
		return 77;
	}
	item_conf(conf, sizeof(conf), "plugin_item", 2, geteuid() != 0 ?
	    "control { idle_timeout = 3s }\n" :
	    "control { idle_timeout = 3s  group = \"1\"  group_role = read }\n");
	rc = stage_open(&st, conf, "web");
	if (rc != 0)
		return rc;
	(void)chmod(st.dir, 0755); /* others have to come to the socket */
	commands();
	documents();
	terminals();
	helps();
	refusals();
	bad |= control_hand(&st);
	pages();
	keeper_gets(SIGKILL);
	keeper_gets(SIGSTOP);
	configurations();
	stranger();
	killed();
	/* It was killed, so stage_close() would find fault with its end. */
	(void)server_stop(&st.server);
	if (bad)
		printf("see %s/log\n", st.dir);
	else
		clean();
	return bad;
}
