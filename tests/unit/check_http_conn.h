/* check_http_conn.h - the cases of check_http_conn, one of each file. */
#ifndef TESTS_CHECK_HTTP_CONN_H
#define TESTS_CHECK_HTTP_CONN_H

#include <check.h>

TCase *http_conn_body_case(void);
TCase *http_conn_answer_case(void);
TCase *http_conn_piece_case(void);
TCase *http_conn_end_case(void);
TCase *http_conn_time_case(void);

#endif
