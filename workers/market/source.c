#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "record.h"

#define FILE_MAX_BYTES (256 << 20)	/* a wrong path, not market data */

static const char *const names[SOURCE_FILES] = {
	[SOURCE_OHLCV] = "ohlcv-daily.csv",
	[SOURCE_CLOSES] = "closes-daily.csv",
	[SOURCE_FINANCIALS] = "sp500-constituents-financials.csv",
	[SOURCE_CONSTITUENTS] = "sp500-constituents.csv",
};

static int
read_all(int fd, char *to, size_t n)
{
	ssize_t got;
	size_t have;

	for (have = 0; have < n; have += (size_t)got) {
		got = read(fd, to + have, n - have);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0)
			return -errno;
		else if (got == 0)
			return -EIO;	/* it shrank under us */
	}
	return 0;
}

static int
slurp(const char *path, char **text_out, size_t *n_out)
{
	struct stat st;
	char *text = NULL;
	int fd, rc = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		rc = -errno;
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES) {
		rc = -EINVAL;
		goto out;
	}
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL) {
		rc = -ENOMEM;
		goto out;
	}
	rc = read_all(fd, text, (size_t)st.st_size);
	if (rc < 0)
		goto out;
	*text_out = text;
	*n_out = (size_t)st.st_size;
	text = NULL;
out:
	free(text);
	if (fd >= 0)
		(void)close(fd);	/* only read from */
	return rc;
}

int
source_open(struct source *s, const char *dir)
{
	char path[PATH_MAX];
	int i, rc, n;

	memset(s, 0, sizeof(*s));
	s->hash = RECORD_FORMAT;
	for (i = 0; i < SOURCE_FILES; i++) {
		s->file[i].name = names[i];
		n = snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		rc = n < 0 || (size_t)n >= sizeof(path) ? -ENAMETOOLONG :
		    slurp(path, &s->file[i].text, &s->file[i].n);
		if (rc < 0) {
			(void)snprintf(s->error, sizeof(s->error), "%s: %s",
			    path, strerror(-rc));
			return rc;
		}
		/* The size tells apart what the seed alone would join. */
		s->hash = XXH3_64bits_withSeed(s->file[i].text, s->file[i].n,
		    s->hash ^ s->file[i].n);
	}
	return 0;
}

void
source_close(struct source *s)
{
	int i;

	for (i = 0; i < SOURCE_FILES; i++) {
		free(s->file[i].text);
		s->file[i].text = NULL;
	}
}
