#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
parse_port(const char *s, in_port_t *out)
{
	char *end;
	unsigned long port;

	if (*s < '0' || *s > '9' || strlen(s) > 5)
		return -EINVAL;
	port = strtoul(s, &end, 10);
	if (*end != '\0' || port > 65535)
		return -EINVAL;
	*out = htons((in_port_t)port);
	return 0;
}

static int
parse_unix(const char *path, struct addr *out)
{
	size_t n = strlen(path);

	if (n == 0)
		return -EINVAL;
	if (n >= sizeof(out->u.un.sun_path))
		return -ENAMETOOLONG;
	out->u.un.sun_family = AF_UNIX;
	memcpy(out->u.un.sun_path, path, n + 1);
	out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

static int
parse_in6(const char *host, const char *port, struct addr *out)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->u.ss;

	in6->sin6_family = AF_INET6;
	out->len = sizeof(*in6);
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		return -EINVAL;
	return parse_port(port, &in6->sin6_port);
}

static int
parse_in(const char *host, const char *port, struct addr *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&out->u.ss;

	in->sin_family = AF_INET;
	out->len = sizeof(*in);
	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		return -EINVAL;
	return parse_port(port, &in->sin_port);
}

int
addr_parse(const char *text, struct addr *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *colon;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, out);
	colon = strrchr(text, ':');
	if (colon == NULL)
		return -EINVAL;
	n = (size_t)(colon - text);
	if (n == 0)
		return parse_in6("::", colon + 1, out);
	if (n >= sizeof(host))
		return -EINVAL;
	if (text[0] != '[') {
		memcpy(host, text, n);
		host[n] = '\0';
		return parse_in(host, colon + 1, out);
	}
	if (n < 3 || text[n - 1] != ']')
		return -EINVAL;
	memcpy(host, text + 1, n - 2);
	host[n - 2] = '\0';
	return parse_in6(host, colon + 1, out);
}

/*
 * A path is whatever its owner called it, and a client binds to any: no byte of
 * it may end a line, a word or a quoted value in a log.
 */
static void
str_unix(char buf[ADDR_LEN], const struct addr *a)
{
	size_t at = offsetof(struct sockaddr_un, sun_path);
	size_t n = a->len > at ? strnlen(a->u.un.sun_path, a->len - at) : 0, i;
	unsigned char c;

	(void)snprintf(buf, ADDR_LEN, "unix:%.*s", (int)n, a->u.un.sun_path);
	for (i = strlen("unix:"); buf[i] != '\0'; i++) {
		c = (unsigned char)buf[i];
		if (c <= ' ' || c == 0x7f || c == '"' || c == '\\')
			buf[i] = '?';
	}
}

char *
addr_str(char buf[ADDR_LEN], const struct addr *a)
{
	const struct sockaddr_in6 *in6 = (const void *)&a->u.ss;
	const struct sockaddr_in *in = (const void *)&a->u.ss;
	char host[INET6_ADDRSTRLEN] = "?";

	buf[0] = '\0';
	switch (a->u.sa.sa_family) {
	case AF_UNIX:
		str_unix(buf, a);
		break;
	case AF_INET:
		(void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		(void)snprintf(buf, ADDR_LEN, "%s:%u", host,
		    ntohs(in->sin_port));
		break;
	case AF_INET6:
		(void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		(void)snprintf(buf, ADDR_LEN, "[%s]:%u", host,
		    ntohs(in6->sin6_port));
		break;
	default:
		break;
	}
	return buf;
}

char *
addr_sock_str(char buf[ADDR_LEN], int sock)
{
	struct addr a;

	memset(&a, 0, sizeof(a));
	a.len = sizeof(a.u);
	buf[0] = '\0';
	if (getsockname(sock, &a.u.sa, &a.len) == 0)
		(void)addr_str(buf, &a);
	return buf;
}
