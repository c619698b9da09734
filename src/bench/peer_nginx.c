#include "peer_nginx.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What it would do with every setting left as shipped, but for the access log, which is off on both sides. */
static int
write_conf(const char *path, const char *dir, int port, const char *body)
{
	FILE *f = fopen(path, "we");
	int rc;

	if (f == NULL)
		return -errno;
	fprintf(f, "worker_processes 1;\ndaemon off;\npid %s/nginx.pid;\n"
		   "error_log %s/nginx.log warn;\n", dir, dir);
	if (getuid() == 0)
		fprintf(f, "user root;\n");
	fprintf(f, "events { worker_connections 1024; }\nhttp {\n"
		   "access_log off; keepalive_requests 1000000000;\n"
		   "default_type application/json; types { }\n");
	fprintf(f, "client_body_temp_path %s/nb; proxy_temp_path %s/np;\n"
		   "fastcgi_temp_path %s/nf; uwsgi_temp_path %s/nu;\n"
		   "scgi_temp_path %s/ns;\n", dir, dir, dir, dir, dir);
	fprintf(f, "server { listen 127.0.0.1:%d; tcp_nodelay on;\n"
		   "location / { return 200 '%s'; } } }\n", port, body);
	rc = ferror(f) ? -EIO : 0;
	return fclose(f) != 0 ? -EIO : rc;
}

int
peer_nginx_start(struct bench *b, struct proc *p, int cpu, const char *body,
    int *port_out)
{
	char exe[512], conf[512], log[512], prefix[512];
	const char *argv[] = { exe, "-e", log, "-p", prefix, "-c", conf, NULL };
	int rc, port;

	if (proc_find("nginx", exe, sizeof exe) < 0)
		return bench_missing(b, "nginx", "nginx-light");
	port = proc_free_port();
	if (port < 0)
		return port;
	snprintf(conf, sizeof conf, "%s/nginx.conf", b->dir);
	snprintf(log, sizeof log, "%s/nginx.log", b->dir);
	snprintf(prefix, sizeof prefix, "%s", b->dir);
	rc = write_conf(conf, b->dir, port, body);
	if (rc == 0)
		rc = proc_start(p, argv, log, cpu);
	if (rc == 0)
		rc = proc_wait_port(p, port, 10000);
	if (rc < 0)
		return bench_fail(b, "nginx does not start: %s", strerror(-rc));
	*port_out = port;
	return 0;
}
