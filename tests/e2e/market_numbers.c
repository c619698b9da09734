/* The numbers of the market service, without a server around it. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake.h"
#include "numbers.h"

static int
ask(void *arg, const char *method, const char *target, const char *body,
    int *status_out, char **body_out)
{
	struct fake_answer a;

	fake_ask(arg, method, target, body, &a);
	*status_out = a.status;
	*body_out = a.body;
	return a.rc;
}

static void
remove_all(const char *dir)
{
	char path[512];
	struct dirent *d;
	DIR *dp = opendir(dir);

	while (dp != NULL && (d = readdir(dp)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", dir, d->d_name);
		(void)unlink(path);	/* "." and ".." will not */
	}
	if (dp != NULL)
		(void)closedir(dp);
	(void)rmdir(dir);
}

int
main(void)
{
	const char *top = getenv("top_srcdir");
	char dir[] = "/tmp/market-numbers.XXXXXX", data[4096];
	static struct fake fake;
	struct numbers n = { .ask = ask, .arg = &fake };
	int bad;

	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(data, sizeof data, "%s/workers/market/data",
	    top == NULL ? "." : top);
	fake_start(&fake, &skep_plugin, dir);
	fake_option(&fake, "data", data);
	/* The cache of the fake is a list: not for thousands of answers. */
	fake_option(&fake, "ttl_symbols", "0");
	fake_option(&fake, "ttl_history", "0");
	fake_option(&fake, "ttl_quotes", "0");
	fake_option(&fake, "ttl_indicators", "0");
	fake_option(&fake, "ttl_portfolio", "0");
	if (fake_warm(&fake) < 0 || fake_open(&fake) < 0) {
		printf("FAIL: %s\n", fake.fail);
		remove_all(dir);
		return 1;
	}
	bad = numbers_run(&n);
	fake_close(&fake);
	fake_stop(&fake);
	remove_all(dir);
	return bad;
}
