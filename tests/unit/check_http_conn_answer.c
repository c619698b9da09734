/* The HTTP front: what a handler may answer, and what is made of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "check_http_conn.h"
#include "httpfix.h"
#include "log.h"

START_TEST(errors_are_mapped_to_statuses)
{
	hf_start_plain();
	hf_expect("GET /fails/enoent HTTP/1.1" E H E,
	    ANSWER("404 Not Found", JSON, "23", "",
		"{\"error\": \"not found\"}\n"));
	hf_expect("GET /fails/einval HTTP/1.1" E H E,
	    ANSWER("400 Bad Request", JSON, "25", "",
		"{\"error\": \"bad request\"}\n"));
	hf_expect("GET /fails/eacces HTTP/1.1" E H E,
	    ANSWER("403 Forbidden", JSON, "25", "",
		"{\"error\": \"not allowed\"}\n"));
	hf_expect("GET /fails/ebusy HTTP/1.1" E H E,
	    ANSWER("503 Service Unavailable", JSON, "31", "",
		"{\"error\": \"not available now\"}\n"));
	hf_expect("GET /fails/enospc HTTP/1.1" E H E,
	    ANSWER("503 Service Unavailable", JSON, "31", "",
		"{\"error\": \"not available now\"}\n"));
	hf_expect("GET /fails/etimedout HTTP/1.1" E H E,
	    ANSWER("504 Gateway Timeout", JSON, "39", "",
		"{\"error\": \"the request took too long\"}\n"));
	hf_expect("GET /fails/eio HTTP/1.1" E H E,
	    ANSWER("500 Internal Server Error", JSON, "28", "",
		"{\"error\": \"internal error\"}\n"));
	hf_expect("GET /fails/nothing HTTP/1.1" E H E,
	    ANSWER("500 Internal Server Error", JSON, "28", "",
		"{\"error\": \"internal error\"}\n"));
	hf_expect("GET /late HTTP/1.1" E H E,
	    ANSWER("504 Gateway Timeout", JSON, "39", "",
		"{\"error\": \"the request took too long\"}\n"));
	ck_assert_int_eq(hf_last_rc(), -ETIMEDOUT);
	hf_stop();
}
END_TEST

START_TEST(answers_in_pieces)
{
	hf_start_plain();
	hf_expect("GET /pieces HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    "HTTP/1.1 200 OK" E TEXT "Transfer-Encoding: chunked" E E
	    "3" E "one" E "11" E "seventeen bytes.." E "0" E E HELLO);
	hf_expect("HEAD /pieces HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    "HTTP/1.1 200 OK" E TEXT "Transfer-Encoding: chunked" E E HELLO);
	hf_expect("GET /pieces?reset HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    ANSWER("205 Reset Content", TEXT, "0", "", "") HELLO);
	hf_expect_end("GET /pieces HTTP/1.0" E "Connection: keep-alive" E E,
	    "HTTP/1.1 200 OK" E TEXT CLOSE E "oneseventeen bytes..");
	hf_expect_end("GET /torn HTTP/1.1" E H E "GET /hello HTTP/1.1" E H E,
	    "HTTP/1.1 200 OK" E "Transfer-Encoding: chunked" E E "4" E
	    "half" E);
	hf_stop();
}
END_TEST

START_TEST(tags_and_conditions)
{
	char tag[100], in[400], want[400];
	struct hf_text t = { 0 };
	char *at;
	int fd;

	hf_start_plain();
	fd = hf_dial();
	hf_put_text(fd, "GET /tagged HTTP/1.1" E H E);
	hf_settle(&t, fd);
	at = strstr(t.p, "ETag: \"");
	ck_assert_ptr_nonnull(at);
	sscanf(at, "ETag: %99[^\r]", tag);
	ck_assert_uint_eq(strlen(tag), 34);
	free(t.p);
	close(fd);
	sprintf(want, "HTTP/1.1 304 Not Modified" E "ETag: %s" E
		      "X-Cache: HIT" E E HELLO, tag);
	sprintf(in, "GET /tagged HTTP/1.1" E H "If-None-Match: \"x\", W/%s" E E
		    "GET /hello HTTP/1.1" E H E, tag);
	hf_expect(in, want);
	sprintf(in, "HEAD /tagged HTTP/1.1" E H "If-None-Match: \"x\"" E
		    "If-None-Match: %s" E E "GET /hello HTTP/1.1" E H E, tag);
	hf_expect(in, want);
	hf_expect("GET /tagged HTTP/1.1" E H "If-None-Match: *" E E
		  "GET /hello HTTP/1.1" E H E, want);
	sprintf(want, "HTTP/1.1 200 OK" E TEXT "ETag: %s" E "X-Cache: HIT" E
		      "Content-Length: 5" E E "hello", tag);
	hf_expect("GET /tagged HTTP/1.1" E H "If-None-Match: \"x\"" E E, want);
	hf_expect("GET /tagged HTTP/1.1" E H "If-Match: *" E E, want);
	sprintf(in, "GET /tagged HTTP/1.1" E H "If-Match: \"x\"" E
		    "If-Match: \"y\", %s" E E, tag);
	hf_expect(in, want);
	sprintf(in, "GET /tagged HTTP/1.1" E H "If-Match: W/%s" E
		    "If-None-Match: *" E E, tag);
	hf_expect(in, ANSWER("412 Precondition Failed", JSON, "33", "",
	    "{\"error\": \"precondition failed\"}\n"));
	hf_expect("POST /tagged HTTP/1.1" E H "If-None-Match: *" E E,
	    "HTTP/1.1 200 OK" E TEXT "X-Cache: HIT" E "Content-Length: 5" E E
	    "hello");
	hf_stop();
}
END_TEST

START_TEST(a_handler_cannot_forge_lines)
{
	hf_start_plain();
	hf_expect("GET /fields HTTP/1.1" E H E,
	    ANSWER("200 OK", "ETag: \"a\"" E "X-A: 1" E "X-B: " E, "0", "", ""));
	hf_stop();
}
END_TEST

START_TEST(a_type_is_copied)
{
	hf_start_plain();
	hf_expect("GET /borrowed HTTP/1.1" E H E, HELLO);
	hf_stop();
}
END_TEST

START_TEST(request_ids_come_back_or_are_made)
{
	struct hf_text t = { 0 };
	char a[100], b[100];
	int fd;
	const char *in = "GET /hello HTTP/1.1" E H "X-Request-Id: my-id.1" E E
			 "GET /hello HTTP/1.1" E H "X-Request-Id: a b" E E
			 "GET /hello HTTP/1.1" E H E;
	char *at;

	hf_start(HF_CONF("worker_header = true"));
	fd = hf_dial();
	hf_put(fd, in, strlen(in));
	hf_settle(&t, fd);
	at = strstr(t.p, "X-Request-Id: my-id.1" E);
	ck_assert_ptr_nonnull(at);
	at = strstr(at + 5, "X-Request-Id: ");
	sscanf(at, "X-Request-Id: %99[0-9a-f]\r", a);
	at = strstr(at + 5, "X-Request-Id: ");
	sscanf(at, "X-Request-Id: %99[0-9a-f]\r", b);
	ck_assert_uint_eq(strlen(a), 32);
	ck_assert_uint_eq(strlen(b), 32);
	ck_assert_str_ne(a, b);
	ck_assert_ptr_nonnull(strstr(t.p, "X-Skep-Worker: web.1/"));
	ck_assert_ptr_nonnull(strstr(t.p, "Server: skep" E));
	ck_assert_ptr_nonnull(strstr(t.p, "Date: "));
	free(t.p);
	close(fd);
	hf_stop();
}
END_TEST

/* What is logged during one request to a handler that takes 20 ms. */
static void
log_of_slow(const char *settings, char *out, size_t n)
{
	int fd = memfd_create("log", 0);
	ssize_t k;

	hf_start(settings);
	log_set_fd(fd);
	hf_expect("GET /slow HTTP/1.1" E H E, HELLO);
	hf_stop();
	log_set_fd(STDERR_FILENO);
	k = pread(fd, out, n - 1, 0);
	out[k > 0 ? k : 0] = '\0';
	close(fd);
}

START_TEST(slow_requests_are_logged)
{
	char text[2048];

	log_of_slow(HF_CONF("") "log { slow = 10ms }", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text,
	    "slow request route=/slow status=200 ms="));
	log_of_slow(HF_CONF("") "log { slow = 0s }", text, sizeof(text));
	ck_assert_ptr_null(strstr(text, "slow request"));
}
END_TEST

TCase *
http_conn_answer_case(void)
{
	return SUITE_CASE("answer", NULL, NULL, errors_are_mapped_to_statuses,
	    answers_in_pieces, tags_and_conditions,
	    a_handler_cannot_forge_lines, a_type_is_copied,
	    slow_requests_are_logged,
	    request_ids_come_back_or_are_made);
}
