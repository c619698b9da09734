/* The calls of skep/stream.h. */
#include <errno.h>
#include <string.h>

#include <skep/stream.h>

#include "conf.h"
#include "stream.h"
#include "task.h"
#include "wait.h"
#include "worker.h"

/* The connection of a task, or -errno in *rc. */
static struct stream *
conn(struct skep_task *t, int *rc)
{
	struct stream *s = stream_of(t);

	*rc = s == NULL ? -EINVAL : task_error(t);
	return *rc == 0 ? s : NULL;
}

/*
 * Give back what the last read lent.  A client that sends as fast as it is
 * answered never has us wait: the others have their turn here and in more().
 */
static int
begin_read(struct stream *s)
{
	buf_eat(&s->input, s->borrowed);
	s->borrowed = 0;
	return wait_breathe(s->task, 0);
}

static struct skep_str
lend(struct stream *s, size_t n, size_t behind)
{
	s->borrowed = n + behind;
	return skep_strn(buf_head(&s->input), n);
}

/* Read what is there, and give others their turn. */
static int
take(struct stream *s, size_t want)
{
	size_t had = buf_len(&s->input);
	int rc = stream_fill(s, want), turn;

	if (rc <= 0)
		return rc;
	turn = wait_breathe(s->task, buf_len(&s->input) - had);
	return turn < 0 ? turn : 1;
}

/* More input, waiting for it if need be.  1, 0 end of input, -errno. */
static int
more(struct stream *s, size_t want)
{
	int rc;

	while (!s->eof) {
		if (s->task->canceled)
			return -ECANCELED;
		if (s->maybe_more && (rc = take(s, want)) != -EAGAIN)
			return rc;
		if ((rc = stream_wait_in(s)) < 0)
			return rc;
	}
	return 0;
}

int
skep_read(struct skep_task *t, size_t max, struct skep_str *out)
{
	struct stream *s;
	size_t n;
	int rc;

	*out = skep_strn(NULL, 0);
	if ((s = conn(t, &rc)) == NULL)
		return rc;
	if (max == 0)
		return -EINVAL;
	if ((rc = begin_read(s)) < 0)
		return rc;
	if (buf_len(&s->input) == 0 && (rc = more(s, 0)) <= 0)
		return rc;
	n = buf_len(&s->input) < max ? buf_len(&s->input) : max;
	*out = lend(s, n, 0);
	return 1;
}

int
skep_read_line(struct skep_task *t, size_t max, struct skep_str *out)
{
	struct stream *s;
	size_t seen = 0, n;
	char *nl;
	int rc;

	*out = skep_strn(NULL, 0);
	if ((s = conn(t, &rc)) == NULL)
		return rc;
	if ((rc = begin_read(s)) < 0)
		return rc;
	for (;;) {
		n = buf_len(&s->input);
		nl = n > seen ? memchr(buf_head(&s->input) + seen, '\n',
		    n - seen) : NULL;
		if (nl != NULL)
			break;
		if (n > max + 1)	/* a CR may stand behind max bytes */
			return -EMSGSIZE;
		seen = n;
		rc = more(s, 0);
		if (rc < 0)
			return rc;
		if (rc == 0)	/* a line that was never ended is none */
			return n == 0 ? 0 : -EPIPE;
	}
	n = (size_t)(nl - buf_head(&s->input));
	if (n > 0 && nl[-1] == '\r')
		*out = lend(s, n - 1, 2);
	else
		*out = lend(s, n, 1);
	if (out->n <= max)
		return 1;
	s->borrowed = 0;
	*out = skep_strn(NULL, 0);
	return -EMSGSIZE;
}

int
skep_read_exact(struct skep_task *t, size_t n, struct skep_str *out)
{
	struct stream *s;
	int rc;

	*out = skep_strn(NULL, 0);
	if ((s = conn(t, &rc)) == NULL)
		return rc;
	if (n > t->arena.limit)
		return -EMSGSIZE;
	if ((rc = begin_read(s)) < 0)
		return rc;
	while (buf_len(&s->input) < n) {
		rc = more(s, n - buf_len(&s->input));
		if (rc < 0)
			return rc;
		if (rc == 0)
			return buf_len(&s->input) == 0 ? 0 : -EPIPE;
	}
	*out = lend(s, n, 0);
	return 1;
}

int
skep_read_ready(struct skep_task *t)
{
	struct stream *s;
	int rc;

	if ((s = conn(t, &rc)) == NULL)
		return 0;
	if (buf_len(&s->input) > s->borrowed)
		return 1;
	/* Filling could move what is lent. */
	if (s->borrowed > 0 || s->eof || !s->maybe_more)
		return 0;
	return stream_fill(s, 0) > 0;
}

int
skep_write(struct skep_task *t, struct skep_str piece)
{
	size_t max = (size_t)conf_num(t->worker->conf, OPT_stream_buffer_max);
	struct stream *s;
	size_t n;
	int rc;

	if ((s = conn(t, &rc)) == NULL)
		return rc;
	/* In slices, so that a large piece does not make the buffer large. */
	while (piece.n > 0) {
		if (s->error != 0)
			return s->error;
		if (buf_len(&s->output) >= max &&
		    (rc = stream_wait_out(s, max / 2)) < 0)
			return rc;
		n = max - buf_len(&s->output);
		if (n > piece.n)
			n = piece.n;
		if (buf_add(&s->output, piece.p, n) < 0)
			return -ENOMEM;
		piece.p += n;
		piece.n -= n;
		if ((rc = wait_breathe(t, n)) < 0)
			return rc;
	}
	return 0;
}

int
skep_flush(struct skep_task *t)
{
	struct stream *s;
	int rc;

	if ((s = conn(t, &rc)) == NULL)
		return rc;
	return stream_wait_out(s, 0);
}
