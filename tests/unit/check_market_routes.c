/* The market service's routes, asked through a server that is only a fake. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "../lib/suite.h"
#include "fake.h"

static struct fake fake;
static char state_dir[64], data_dir[4096];

static void
setup(void)
{
	const char *top = getenv("top_srcdir");

	strcpy(state_dir, "/tmp/market-routes.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(state_dir));
	snprintf(data_dir, sizeof(data_dir), "%s/workers/market/data",
	    top == NULL ? "." : top);
	fake_start(&fake, &skep_plugin, state_dir);
	fake_option(&fake, "data", data_dir);
	ck_assert_msg(fake_warm(&fake) == 0, "%s", fake.fail);
	ck_assert_msg(fake_open(&fake) == 0, "%s", fake.fail);
}

static void
teardown(void)
{
	char path[400];
	struct dirent *d;
	DIR *dir = opendir(state_dir);

	fake_close(&fake);
	fake_stop(&fake);
	while ((d = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", state_dir, d->d_name);
		(void)unlink(path);
	}
	closedir(dir);
	rmdir(state_dir);
}

/* Status and body; a part of the body is enough. */
struct want {
	const char *target;
	int status;
	const char *part;
};

static const struct want gets[] = {
	{ "/v1/quotes/AAPL", 200,
	    "{\"symbol\":\"AAPL\",\"date\":\"2017-12-29\",\"open\":170.52,"
	    "\"high\":170.59,\"low\":169.22,\"close\":169.23,"
	    "\"volume\":25643711}" },
	{ "/v1/quotes/%5EVIX", 200, "\"close\":18.7,\"volume\":null}" },
	{ "/v1/quotes/WTI", 200,
	    "{\"symbol\":\"WTI\",\"date\":\"2026-08-18\",\"open\":null,"
	    "\"high\":null,\"low\":null,\"close\":86.48,\"volume\":null}" },
	{ "/v1/quotes/MMM", 404, "symbol: MMM has no prices" },
	{ "/v1/quotes/NOPE", 404, "symbol: NOPE is unknown" },
	{ "/v1/quotes/aapl", 404, "symbol: aapl is unknown" },
	{ "/v1/quotes/%01", 404, "symbol: is unknown" },
	{ "/v1/quotes/A%22", 404, "symbol: A\\\" is unknown" },
	{ "/v1/quotes/%zz", 400, "bad escape" },
	{ "/v1/quotes/%00", 400, "bad escape" },
	{ "/v1/quotes/ABCDEFGHIJKLMNOPQRSTUVWXYZ", 404, "is unknown" },
	{ "/v1/quotes/AAPL?x=1", 400, "x: is not a parameter" },
	{ "/v1/quotes/AAPL?", 200, "169.23" },
	{ "/v1/symbols", 200,
	    "{\"data\":[{\"symbol\":\"A\",\"name\":\"Agilent Technologies\"" },
	{ "/v1/symbols", 200,
	    "\"page\":1,\"limit\":20,\"total\":509,\"totalPages\":26,"
	    "\"hasNext\":true,\"hasPrev\":false}" },
	{ "/v1/symbols?page=26", 200,
	    "\"page\":26,\"limit\":20,\"total\":509,\"totalPages\":26,"
	    "\"hasNext\":false,\"hasPrev\":true}" },
	{ "/v1/symbols?page=6&limit=100", 200,
	    "{\"symbol\":\"^VIX\",\"name\":null,\"sector\":null,"
	    "\"kind\":\"ohlcv\",\"from\":\"1990-01-02\","
	    "\"to\":\"2026-07-23\",\"rows\":9235}],\"page\":6" },
	{ "/v1/symbols?page=1&limit=100", 200,
	    "{\"symbol\":\"BF.B\",\"name\":\"Brown\xe2\x80\x93" "Forman\","
	    "\"sector\":\"Distillers & Vintners\",\"kind\":\"company\","
	    "\"from\":null,\"to\":null,\"rows\":0}" },
	{ "/v1/symbols?page=27", 200, "{\"data\":[],\"page\":27" },
	{ "/v1/symbols?page=9007199254740992", 200, "{\"data\":[]," },
	{ "/v1/symbols?page=9007199254740993", 400, "page: " },
	{ "/v1/symbols?page=0", 400, "page: should be a whole number from 1" },
	{ "/v1/symbols?page=-1", 400, "page: " },
	{ "/v1/symbols?page=1.5", 400, "page: " },
	{ "/v1/symbols?page=", 400, "page: is empty" },
	{ "/v1/symbols?page", 400, "page: is empty" },
	{ "/v1/symbols?page=x", 400, "page: " },
	{ "/v1/symbols?page=1&page=1", 400, "page: is given twice" },
	{ "/v1/symbols?limit=101", 400,
	    "limit: should be a whole number from 1 to 100" },
	{ "/v1/symbols?limit=0", 400, "limit: " },
	{ "/v1/history/AAPL?limit=1", 200,
	    "{\"symbol\":\"AAPL\",\"data\":[{\"date\":\"2017-12-29\","
	    "\"open\":170.52,\"high\":170.59,\"low\":169.22,"
	    "\"close\":169.23,\"volume\":25643711}],\"page\":1,\"limit\":1,"
	    "\"total\":753,\"totalPages\":753,\"hasNext\":true,"
	    "\"hasPrev\":false}" },
	{ "/v1/history/AAPL?from=2017-12-28&to=2017-12-28", 200,
	    "\"date\":\"2017-12-28\"" },
	{ "/v1/history/AAPL?from=2017-12-30", 200,
	    "\"data\":[],\"page\":1,\"limit\":20,\"total\":0,"
	    "\"totalPages\":0,\"hasNext\":false,\"hasPrev\":false}" },
	{ "/v1/history/AAPL?page=1000", 200, "\"data\":[],\"page\":1000" },
	{ "/v1/history/WTI?from=2020-04-20&to=2020-04-20", 200,
	    "\"close\":-36.98" },
	{ "/v1/history/NATGAS?from=2018-01-05&to=2018-01-05", 200,
	    "\"close\":null" },
	{ "/v1/history/AAPL?from=2017-01-02&to=2017-01-01", 400,
	    "from: is later than to" },
	{ "/v1/history/AAPL?from=2017-13-01", 400, "from: should be a date" },
	{ "/v1/history/AAPL?to=2017-02-30", 400, "to: should be a date" },
	{ "/v1/history/AAPL?to=9999-12-31", 200, "\"total\":753" },
	{ "/v1/history/AAPL?form=2017-01-01", 400,
	    "form: is not a parameter of this route" },
	{ "/v1/history/MMM", 404, "has no prices" },
	{ "/v1/history/NOPE?page=0", 400, "page: " },
	{ "/v1/indicators/AAPL", 200, "{\"symbol\":\"AAPL\",\"date\":"
	    "\"2017-12-29\",\"sma\":" },
	{ "/v1/indicators/AAPL?sma=753&ema=753&rsi=752", 200, "\"rsi\":" },
	{ "/v1/indicators/AAPL?sma=754", 422, "sma: 754 periods" },
	{ "/v1/indicators/AAPL?ema=754", 422, "ema: 754 periods" },
	{ "/v1/indicators/AAPL?rsi=753", 422, "rsi: 753 periods" },
	{ "/v1/indicators/AAPL?sma=0", 400, "sma: " },
	{ "/v1/indicators/AAPL?rsi=14&rsi=15", 400, "rsi: is given twice" },
	{ "/v1/indicators/MMM", 404, "has no prices" },
	{ "/v1/market/summary", 200, "{\"date\":\"2026-08-18\",\"gainers\":"
	    "[{\"symbol\":\"^VIX\",\"close\":18.7," },
	{ "/v1/market/summary", 200, "\"losers\":[{\"symbol\":\"TSLA\"," },
	{ "/v1/market/summary", 200,
	    "\"advancers\":5,\"decliners\":4,\"unchanged\":0}" },
	{ "/v1/portfolio/summary", 200, "{\"positions\":[{\"symbol\":"
	    "\"AAPL\",\"quantity\":10,\"date\":\"2017-12-29\","
	    "\"close\":169.23,\"value\":1692.3" },
	{ "/v1/portfolio/summary?holdings=WTI:0.5", 200, "\"value\":43.24}" },
	{ "/v1/portfolio/summary?holdings=AAPL%3A10%2CTSLA%3A5", 200,
	    "\"symbol\":\"TSLA\",\"quantity\":5" },
	{ "/v1/portfolio/summary?holdings=", 400, "holdings: is empty" },
	{ "/v1/portfolio/summary?holdings=AAPL", 400, "holdings: each" },
	{ "/v1/portfolio/summary?holdings=AAPL:", 400, "holdings: " },
	{ "/v1/quotes/AAPL?=", 400, "query: has a parameter without a name" },
	{ "/v1/portfolio/summary?holdings=:1", 400, "holdings: each" },
	{ "/v1/portfolio/summary?holdings=AAPL:1,", 400, "holdings: each" },
	{ "/v1/portfolio/summary?holdings=AAPL:0", 400, "holdings: " },
	{ "/v1/portfolio/summary?holdings=AAPL:-1", 400, "holdings: " },
	{ "/v1/portfolio/summary?holdings=AAPL:1:2", 400, "holdings: " },
	{ "/v1/portfolio/summary?holdings=AAPL:nan", 400, "holdings: " },
	{ "/v1/portfolio/summary?holdings=AAPL:1,AAPL:2", 400, "twice" },
	{ "/v1/portfolio/summary?holdings=AAPL:1,MMM:2", 404,
	    "symbol: MMM has no prices" },
	{ "/v1/portfolio/summary?holdings=AAPL:1,NOPE:2", 404,
	    "symbol: NOPE is unknown" },
};

/* Every body, an error's too, is JSON. */
static void
check_answer(const struct fake_answer *a, const struct want *w)
{
	json_t *o;

	ck_assert_msg(a->rc == 0 && a->status == w->status, "%s: %d (rc %d)",
	    w->target, a->status, a->rc);
	ck_assert_msg(strstr(a->body, w->part) != NULL, "%s: %s", w->target,
	    a->body);
	ck_assert_str_eq(a->type, "application/json");
	o = json_loadb(a->body, a->n, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(o != NULL, "not JSON: %s", a->body);
	ck_assert(a->status == 200 || json_is_string(json_object_get(o,
	    "error")));
	json_decref(o);
}

START_TEST(every_get_is_answered_as_promised)
{
	struct fake_answer a;
	size_t i;

	for (i = 0; i < sizeof(gets) / sizeof(*gets); i++) {
		fake_ask(&fake, "GET", gets[i].target, NULL, &a);
		check_answer(&a, &gets[i]);
		ck_assert_int_eq(a.etag, a.status == 200);
		ck_assert((a.x_cache[0] != '\0') == (a.status == 200));
		fake_answer_fini(&a);
	}
}
END_TEST

#define RATES "\"growthRate\":0.1,\"discountRate\":0.2,\"terminalGrowth\":0.05"

static const struct want posts[] = {
	{ "{\"symbol\":\"AAPL\"," RATES ",\"years\":1}", 200,
	    "\"eps\":8.72" },
	{ "{\"symbol\":\"NOPE\"," RATES ",\"years\":1}", 404, "NOPE" },
	{ "{\"symbol\":\"BF.B\"," RATES ",\"years\":1}", 422, "unknown" },
	{ "{\"symbol\":\"WTI\"," RATES ",\"years\":1}", 422, "unknown" },
	{ "{\"symbol\":\"INTC\"," RATES ",\"years\":1}", 422, "symbol: its "
	    "earnings per share are not positive" },
	{ "{\"symbol\":\"AAPL\"," RATES ",\"years\":0}", 400, "years: " },
	{ "{\"symbol\":\"AAPL\"," RATES ",\"years\":51}", 400, "years: " },
	{ "{\"symbol\":\"AAPL\"," RATES ",\"years\":1.0}", 400, "years: " },
	{ "{\"symbol\":\"AAPL\"," RATES ",\"years\":\"1\"}", 400, "years: " },
	{ "{\"symbol\":\"AAPL\"," RATES "}", 400, "years: is missing" },
	{ "{" RATES ",\"years\":1}", 400, "symbol: is missing" },
	{ "{\"symbol\":1," RATES ",\"years\":1}", 400, "symbol: should be" },
	{ "{\"symbol\":\"\"," RATES ",\"years\":1}", 400, "symbol: is empty" },
	{ "{\"symbol\":\"AAPL\",\"growthRate\":1.1,\"discountRate\":0.2,"
	    "\"terminalGrowth\":0,\"years\":1}", 400, "growthRate: " },
	{ "{\"symbol\":\"AAPL\",\"growthRate\":1,\"discountRate\":0.2,"
	    "\"terminalGrowth\":-1,\"years\":1}", 200, "valuePerShare" },
	{ "{\"symbol\":\"AAPL\",\"growthRate\":null,\"discountRate\":0.2,"
	    "\"terminalGrowth\":0,\"years\":1}", 400, "growthRate: should" },
	{ "{\"symbol\":\"AAPL\",\"growthRate\":0,\"discountRate\":0.2,"
	    "\"terminalGrowth\":0.2,\"years\":1}", 400, "discountRate: " },
	{ "{\"symbol\":\"AAPL\",\"growthRate\":0,\"discountRate\":-2,"
	    "\"terminalGrowth\":0.2,\"years\":1}", 400, "discountRate: " },
	{ "{\"symbol\":\"AAPL\",\"growthRate\":1,"
	    "\"discountRate\":-0.9999999999,\"terminalGrowth\":-1,"
	    "\"years\":50}", 422, "discountRate: " },
	{ "{\"symbol\":\"AAPL\"," RATES ",\"years\":1,\"x\":1}", 400, "body" },
	{ "{\"years\":1,\"years\":1}", 400, "body: has a field twice" },
	{ "{\"symbol\":\"AAPL\",\"growthRate\":1e999}", 400,
	    "body: has a number that is out of range" },
	{ "1", 400, "body: should be a JSON object" },
	{ "{\"symbol\":\"]]]\\\"[[[[[[[[[[[[[[[[[[\"," RATES ",\"years\":1}", 404,
	    "is unknown" },
	{ "[]", 400, "body: should be a JSON object" },
	{ "", 400, "body: is not JSON" },
	{ "{\"symbol\":\"AAPL\"," RATES ",\"years\":1} x", 400, "body: " },
};

START_TEST(every_dcf_is_answered_as_promised)
{
	struct fake_answer a;
	size_t i;

	for (i = 0; i < sizeof(posts) / sizeof(*posts); i++) {
		fake_ask(&fake, "POST", "/v1/dcf", posts[i].target, &a);
		check_answer(&a, &posts[i]);
		ck_assert_str_eq(a.x_cache, "");
		fake_answer_fini(&a);
	}
	fake_ask(&fake, "POST", "/v1/dcf?x=1", "{}", &a);
	ck_assert_int_eq(a.status, 400);
	fake_answer_fini(&a);
}
END_TEST

START_TEST(a_huge_body_is_not_parsed)
{
	struct fake_answer a;
	char *body = malloc(70001);

	memset(body, '[', 70000);
	body[70000] = '\0';
	fake_ask(&fake, "POST", "/v1/dcf", body, &a);
	ck_assert_int_eq(a.status, 413);
	fake_answer_fini(&a);
	free(body);
}
END_TEST

/* The stack of a fiber does not hold what a parser takes for these. */
START_TEST(a_deep_body_is_not_parsed)
{
	struct fake_answer a;
	char body[2001];

	memset(body, '[', 1000);
	memset(body + 1000, ']', 1000);
	body[2000] = '\0';
	fake_ask(&fake, "POST", "/v1/dcf", body, &a);
	ck_assert_int_eq(a.status, 400);
	ck_assert_ptr_nonnull(strstr(a.body, "nested too deeply"));
	fake_answer_fini(&a);
}
END_TEST

/* Pairs that are the same question. */
static const char *const same[][2] = {
	{ "/v1/symbols", "/v1/symbols?limit=20&page=1" },
	{ "/v1/symbols?page=2&limit=7", "/v1/symbols?limit=07&page=2" },
	{ "/v1/quotes/%5EVIX", "/v1/quotes/^VIX" },
	{ "/v1/history/AAPL?from=2017-01-01&to=2017-02-01",
	    "/v1/history/AAPL?to=2017-02-01&limit=20&from=2017-01-01" },
	{ "/v1/indicators/AAPL", "/v1/indicators/AAPL?rsi=14&ema=20&sma=20" },
	{ "/v1/portfolio/summary",
	    "/v1/portfolio/summary?holdings=AAPL:10.0,TSLA:5e0" },
};

START_TEST(the_same_question_has_the_same_answer)
{
	struct fake_answer a, b;

	fake_ask(&fake, "GET", same[_i][0], NULL, &a);
	fake_ask(&fake, "GET", same[_i][1], NULL, &b);

	ck_assert_str_eq(a.x_cache, "MISS");
	ck_assert_str_eq(b.x_cache, "HIT");
	ck_assert_str_eq(a.body, b.body);
	ck_assert_uint_eq(fake.n_cache, 1);
	fake_answer_fini(&a);
	fake_answer_fini(&b);
}
END_TEST

static const struct {
	const char *target;
	int64_t ttl;
} kept[] = {
	{ "/v1/symbols", 86400 * SKEP_SECOND },
	{ "/v1/quotes/AAPL", 10 * SKEP_SECOND },
	{ "/v1/history/AAPL", 30 * SKEP_SECOND },
	{ "/v1/indicators/AAPL", 30 * SKEP_SECOND },
	{ "/v1/market/summary", 30 * SKEP_SECOND },
	{ "/v1/portfolio/summary", 10 * SKEP_SECOND },
};

START_TEST(answers_are_kept_as_long_as_configured)
{
	struct fake_answer a;

	fake_ask(&fake, "GET", kept[_i].target, NULL, &a);
	ck_assert_uint_eq(fake.n_cache, 1);
	ck_assert_int_eq(fake.cache[0].ttl, kept[_i].ttl);
	fake_answer_fini(&a);
}
END_TEST

START_TEST(a_ttl_of_0_keeps_nothing)
{
	struct fake_answer a;
	int i;

	fake_option(&fake, "ttl_quotes", "0");
	for (i = 0; i < 2; i++) {
		fake_ask(&fake, "GET", "/v1/quotes/AAPL", NULL, &a);
		ck_assert_str_eq(a.x_cache, "MISS");
		fake_answer_fini(&a);
	}
	ck_assert_uint_eq(fake.n_cache, 0);
}
END_TEST

START_TEST(errors_and_long_names_are_not_cached)
{
	struct fake_answer a;
	char target[700], *p = target;
	int i;

	fake_ask(&fake, "GET", "/v1/quotes/NOPE", NULL, &a);
	fake_answer_fini(&a);
	p += sprintf(p, "/v1/portfolio/summary?holdings=AAPL:1.000000000001,"
	    "TSLA:2.000000000001,COKE:3.000000000001,GOOGL:4.000000000001,"
	    "YHOO:5.000000000001,WTI:6.000000000001,BRENT:7.000000000001,"
	    "NATGAS:123456.7890123,^VIX:8.000000000001");
	for (i = 0; i < 40; i++)
		p += sprintf(p, "0");
	fake_ask(&fake, "GET", target, NULL, &a);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(a.x_cache, "MISS");
	fake_answer_fini(&a);
	ck_assert_uint_le(fake.n_cache, 1);
}
END_TEST

START_TEST(a_failing_warm_says_why)
{
	struct fake other;

	fake_start(&other, &skep_plugin, state_dir);
	fake_option(&other, "data", "/nowhere");
	ck_assert_int_lt(fake_warm(&other), 0);
	ck_assert_ptr_nonnull(strstr(other.fail, "/nowhere/ohlcv-daily.csv"));
	fake_stop(&other);
}
END_TEST

int
main(void)
{
	TCase *tc = SUITE_CASE("all", setup, teardown,
	    every_get_is_answered_as_promised,
	    every_dcf_is_answered_as_promised, a_huge_body_is_not_parsed,
	    a_deep_body_is_not_parsed, a_ttl_of_0_keeps_nothing,
	    errors_and_long_names_are_not_cached, a_failing_warm_says_why);

	tcase_add_loop_test(tc, the_same_question_has_the_same_answer, 0,
	    (int)(sizeof(same) / sizeof(*same)));
	tcase_add_loop_test(tc, answers_are_kept_as_long_as_configured, 0,
	    (int)(sizeof(kept) / sizeof(*kept)));
	return SUITE_RUN("market routes", tc);
}
