/*
 * nginx_reload - does the client of the reload suite see what it is there to
 * see?  nginx closes idle keep-alive connections when it reloads, also under
 * requests that have just been sent, and says nothing; a client that reported
 * none of that would prove nothing about our own reloads.
 */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "corpus.h"
#include "proc.h"

#define N	  32
#define RELOADS	  4
#define EACH_NS	  300000000u

struct run {
	struct corpus corpus;
	struct proc nginx;
	int reloads;
};

static size_t
request(void *arg, int conn, char *buf, size_t size, uint64_t *id_out)
{
	struct run *r = arg;

	(void)conn;
	return corpus_request_any(&r->corpus, buf, size, id_out);
}

static const char *
check(void *arg, uint64_t id, const struct answer *a)
{
	return corpus_check(&((struct run *)arg)->corpus, id, a);
}

static bool
failed(void *arg, const struct hclient_failure *f)
{
	(void)arg;
	(void)f;
	return false;
}

static uint64_t
tick(void *arg, uint64_t now)
{
	struct run *r = arg;

	if (r->reloads++ > 0)
		(void)kill(r->nginx.pid, SIGHUP); /* if it is gone the client will say so */
	return now + EACH_NS;
}

static int
write_conf(const char *dir, const char *path, int port)
{
	FILE *f = fopen(path, "we");

	if (f == NULL)
		return -errno;
	fprintf(f, "worker_processes 2;\ndaemon off;\npid %s/pid;\n%s"
		   "events { worker_connections 256; }\nhttp {\n"
		   "access_log off; keepalive_requests 1000000000;\n",
	    dir, getuid() == 0 ? "user root;\n" : "");
	fprintf(f, "client_body_temp_path %s/b; proxy_temp_path %s/p;\n"
		   "fastcgi_temp_path %s/f; uwsgi_temp_path %s/u;\n"
		   "scgi_temp_path %s/s;\nserver { listen 127.0.0.1:%d;\n",
	    dir, dir, dir, dir, dir, port);
	for (int i = 0; i < 8; i++)
		fprintf(f, "location /%d { return 200 'page %d'; }\n", i, i);
	fprintf(f, "} }\n");
	return fclose(f) == 0 ? 0 : -EIO;
}

static int
start(struct run *r, const char *dir, int *port_out)
{
	char exe[512], conf[512], log[512];
	const char *argv[] = { exe, "-e", log, "-p", dir, "-c", conf, NULL };
	int rc;

	if (proc_find("nginx", exe, sizeof exe) < 0) {
		printf("skip: nginx is not installed (Debian: nginx-light)\n");
		return 77;
	}
	snprintf(conf, sizeof conf, "%s/conf", dir);
	snprintf(log, sizeof log, "%s/log", dir);
	*port_out = proc_free_port();
	rc = write_conf(dir, conf, *port_out);
	if (rc == 0)
		rc = proc_start(&r->nginx, argv, log, -1);
	if (rc == 0)
		rc = proc_wait_port(&r->nginx, *port_out, 10000);
	if (rc < 0)
		printf("nginx does not start: %s\n", strerror(-rc));
	return rc < 0 ? 1 : 0;
}

static int
judge(const struct hclient_counts *c)
{
	uint64_t lost = c->failures[HC_IDLE] + c->failures[HC_CLOSED] +
	    c->failures[HC_RESET] + c->failures[HC_SHORT];

	corpus_report(stdout, "nginx", c);
	if (lost == 0 || lost != corpus_failures(c) || c->answers < 100) {
		printf("FAIL: closed connections, and nothing else,"
		       " should have been seen\n");
		return 1;
	}
	return 0;
}

static int
run(struct run *r, int port)
{
	struct hclient_conf conf = { .host = "127.0.0.1", .port = port,
		.hang_ms = 10000, .seed = 1, .arg = r, .request = request,
		.check = check, .failed = failed, .tick = tick };
	struct hclient_style style[N];
	struct hclient *h;
	int rc;

	for (int i = 0; i < 8; i++) {
		char path[8], body[16];

		snprintf(path, sizeof path, "/%d", i);
		snprintf(body, sizeof body, "page %d", i);
		if (corpus_add(&r->corpus, path, body) < 0)
			return 1;
	}
	corpus_styles(style, N);
	rc = hclient_open(&h, &conf, style, N);
	if (rc == 0)
		rc = hclient_run(h,
		    hclient_now_ns() + (RELOADS + 1) * (uint64_t)EACH_NS);
	rc = rc < 0 ? 1 : judge(hclient_counts(h));
	hclient_close(&h);
	return rc;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path); /* a temporary file that stays is no failure */
	return 0;
}

int
main(void)
{
	char dir[] = "/tmp/skep-e2e.XXXXXX";
	struct run r = { 0 };
	int port, status;

	if (mkdtemp(dir) == NULL)
		return 99;
	status = start(&r, dir, &port);
	if (status == 0)
		status = run(&r, port);
	(void)proc_stop(&r.nginx, 5000);
	corpus_fini(&r.corpus);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return status;
}
