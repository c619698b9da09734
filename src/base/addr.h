/*
 * addr.h - listening addresses as the configuration writes them:
 * "HOST:PORT", "[IPV6]:PORT", ":PORT" (all IPv6 and IPv4), "unix:/PATH".
 * HOST is numeric or "localhost" (127.0.0.1): names are not looked up, so that
 * nothing waits.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_storage ss;
		struct sockaddr_un un;
	} u;
	socklen_t len;
};

/* 0, -EINVAL, -ENAMETOOLONG (a path over 107 bytes). */
int addr_parse(const char *text, struct addr *out);

#define ADDR_LEN 136
/*
 * The same form back, with the real port of a bound socket.  Blanks, quotes,
 * backslashes and control bytes of a path are shown as '?': it stands in logs
 * as one word.  Returns buf.
 */
char *addr_str(char buf[ADDR_LEN], const struct addr *);
/* Of a socket's own name; "" when it has none. */
char *addr_sock_str(char buf[ADDR_LEN], int sock);

#endif
