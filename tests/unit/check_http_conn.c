/*
 * The HTTP front over socket pairs, in one process with its own loop: what is
 * sent in, what comes out, and what becomes of the connection.  Here the
 * plain requests, one after the other and many at once; the other topics are
 * in the files beside, one case each (check_http_conn.h).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "check_http_conn.h"
#include "fds.h"
#include "httpfix.h"

START_TEST(answers_and_keeps_the_connection)
{
	hf_start_plain();
	hf_expect("GET /hello HTTP/1.1" E H E, HELLO);
	hf_expect("GET http://x/hello HTTP/1.1" E H E, HELLO);
	hf_expect("GET http://x HTTP/1.1" E H E, HELLO);
	hf_expect(E E "GET /hello HTTP/1.1" E H E, HELLO);
	hf_expect("GET /hello HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    HELLO HELLO);
	hf_expect("HEAD /hello HTTP/1.1" E H E,
	    ANSWER("200 OK", TEXT, "5", "", ""));
	hf_expect("DELETE /hello HTTP/1.1" E H E,
	    "HTTP/1.1 204 No Content" E E);
	hf_expect_end("GET /hello HTTP/1.1" E H "Connection: close" E E,
	    ANSWER("200 OK", TEXT, "5", CLOSE, "hello"));
	hf_expect_end("GET /hello HTTP/1.0" E E,
	    ANSWER("200 OK", TEXT, "5", CLOSE, "hello"));
	hf_expect("GET /hello HTTP/1.0" E "Connection: keep-alive" E E,
	    ANSWER("200 OK", TEXT, "5", "Connection: keep-alive" E, "hello"));
	hf_stop();
}
END_TEST

START_TEST(says_which_methods_there_are)
{
	hf_start_plain();
	hf_expect("GET /nowhere HTTP/1.1" E H E,
	    ANSWER("404 Not Found", JSON, "30", "",
		"{\"error\": \"no such resource\"}\n"));
	hf_expect("POST /hello HTTP/1.1" E H "Content-Length: 3" E E "abc",
	    ANSWER("405 Method Not Allowed",
		JSON "Allow: GET, DELETE, HEAD, OPTIONS" E, "46", "",
		"{\"error\": \"this resource has no such method\"}\n"));
	hf_expect("OPTIONS /echo HTTP/1.1" E H E,
	    "HTTP/1.1 204 No Content" E "Allow: POST, OPTIONS" E E);
	hf_expect("OPTIONS * HTTP/1.1" E H E,
	    "HTTP/1.1 204 No Content" E
	    "Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS" E E);
	hf_expect("BREW /hello HTTP/1.1" E H E,
	    ANSWER("501 Not Implemented", JSON, "28", "",
		"{\"error\": \"unknown method\"}\n"));
	hf_expect("TRACE /hello HTTP/1.1" E H E,
	    ANSWER("501 Not Implemented", JSON, "36", "",
		"{\"error\": \"TRACE is not supported\"}\n"));
	hf_expect_end("CONNECT x:1 HTTP/1.1" E H E "GET / HTTP/1.1" E H E,
	    ERROR("501 Not Implemented", "38", "CONNECT is not supported"));
	hf_stop();
}
END_TEST

START_TEST(a_refusal_ends_the_connection)
{
	hf_start_plain();
	hf_expect_end("GET / HTTP/1.1" E E "GET / HTTP/1.1" E H E,
	    ERROR("400 Bad Request", "32", "missing Host field"));
	hf_expect_end("GET /hello HTTP/1.1" E H E "G@T / HTTP/1.1" E H E
		      "GET /hello HTTP/1.1" E H E,
	    HELLO ERROR("400 Bad Request", "30", "malformed method"));
	hf_expect_end("POST /echo HTTP/1.1" E H "Content-Length: 99999999" E E,
	    ERROR("413 Content Too Large", "36", "request body too large"));
	hf_expect_end("POST /echo HTTP/1.1" E H "Transfer-Encoding: chunked" E E
		      "3" E "abcX",
	    ERROR("400 Bad Request", "40", "chunk longer than its size"));
	hf_expect_end("POST /echo HTTP/1.1" E H "Expect: tea" E
		      "Content-Length: 3" E E,
	    ERROR("417 Expectation Failed", "33", "unknown expectation"));
	hf_stop();
}
END_TEST

START_TEST(a_thousand_pipelined_requests_get_their_answers_in_order)
{
	char *in = malloc(200000), *at;
	struct hf_text t = { 0 };
	size_t n = 0;
	int i, fd;

	hf_start_plain();
	for (i = 0; i < 1000; i++)
		n += (size_t)sprintf(in + n, "GET /show/%d HTTP/1.1" E H E, i);
	fd = hf_dial();
	hf_put(fd, in, n);
	hf_settle(&t, fd);
	at = t.p;
	for (i = 0; i < 1000; i++) {
		char want[100];

		sprintf(want, "GET /show/%d /show/:id x=/0 h=", i);
		at = strstr(at, "GET ");
		ck_assert_ptr_nonnull(at);
		ck_assert_int_eq(strncmp(at, want, strlen(want)), 0);
		at += strlen(want);
	}
	ck_assert_uint_eq(strlen(at), 0);
	free(t.p);
	free(in);
	close(fd);
	hf_stop();
}
END_TEST

START_TEST(slow_handlers_keep_the_order)
{
	hf_start_plain();
	hf_expect("GET /slow HTTP/1.1" E H E "GET /fails/x HTTP/1.1" E H E
		  "GET /slow HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    HELLO ANSWER("422 Unprocessable Content", JSON, "22", "",
		"{\"error\": \"no \\\"x\\\"\"}\n") HELLO HELLO);
	hf_stop();
}
END_TEST

START_TEST(what_the_handler_sees)
{
	hf_start_plain();
	hf_expect("GET /show/a%20b?x=1&y=%5Ez&x&&=e HTTP/1.1" E H
		  "x-h: 1" E "X-H: 2" E E,
	    ANSWER("200 OK", "", "61", "",
		"GET /show/a%20b /show/:id x=1/2 h=1, 2 [x=1] [y=^z] [x=] "
		"[=e]"));
	hf_stop();
}
END_TEST

/* Empty lines, request line and fields, each as long as it may be. */
START_TEST(a_head_may_be_as_large_as_is_configured)
{
	static const char start[] = "GET /?", line[] = " HTTP/1.1" E,
	    field[] = H "A: ";
	const size_t max = 1 << 20;
	char *in = malloc(3 * max + 100), *at = in;
	size_t n;

	for (n = 0; n < max / 2 - 1; n++, at += 2)
		memcpy(at, E, 2);
	at = stpcpy(at, start);
	n = max - (sizeof(start) - 1) - (sizeof(line) - 1 - 2);
	memset(at, 'q', n);
	at = stpcpy(at + n, line);
	at = stpcpy(at, field);
	n = max - (sizeof(field) - 1) - 4;
	memset(at, 'v', n);
	at = stpcpy(at + n, E E);
	hf_start(HF_CONF("header_max = 1MiB\n request_line_max = 1MiB"));
	hf_expect_n(in, (size_t)(at - in), HELLO, 0);
	hf_stop();
	free(in);
}
END_TEST

int
main(void)
{
	TCase *basic = SUITE_CASE("basic", NULL, NULL,
	    answers_and_keeps_the_connection, says_which_methods_there_are,
	    a_refusal_ends_the_connection,
	    a_thousand_pipelined_requests_get_their_answers_in_order,
	    slow_handlers_keep_the_order, what_the_handler_sees,
	    a_head_may_be_as_large_as_is_configured);
	int fd = open("/dev/null", O_WRONLY);

	/* The front writes its access log here: no socket may have the number. */
	if (dup2(fd, FD_ACCESS_LOG) < 0)
		return 1;
	return SUITE_RUN("http_conn", basic, http_conn_body_case(),
	    http_conn_answer_case(), http_conn_piece_case(),
	    http_conn_end_case(), http_conn_time_case());
}
