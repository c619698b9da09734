/* sight.c - see sight.h */
#include "sight.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct cell cell;

void
sight_open(void)
{
	cell_open(&cell);
}

void
sight_close(void)
{
	cell_close(&cell);
}

int
sight_another_worker(struct cell *c, void *arg)
{
	const struct sight_other *o = arg;
	pid_t pid = cell_worker(c, o->index);

	return pid != 0 && pid != o->than;
}

int
sight_another_helper(struct cell *c, void *arg)
{
	const struct sight_other *o = arg;
	pid_t pid = cell_helper(c, o->name);

	return pid != 0 && pid != o->than;
}

int
sight_another_zygote(struct cell *c, void *arg)
{
	const struct sight_other *o = arg;
	pid_t pid = cell_zygote(c);

	return pid != 0 && pid != o->than;
}

int
sight_none_left(struct cell *c, void *arg)
{
	pid_t v[64];

	(void)c;
	(void)arg;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return cell_children(getpid(), v, 64) == 0;
}

void
sight_nothing_left(void)
{
	char path[256];
	struct stat st;

	ck_assert_int_eq(sight_none_left(&cell, NULL), 1);
	ck_assert_int_lt(stat(cell.region, &st), 0);
	snprintf(path, sizeof path, "%s/control.sock", cell.run);
	ck_assert_int_lt(lstat(path, &st), 0);
}

const char *
sight_group_state(struct cell *c)
{
	static char state[32];
	json_t *doc = cell_status(c);

	snprintf(state, sizeof state, "%s",
	    json_string_value(json_object_get(
		json_array_get(json_object_get(doc, "groups"), 0), "state")));
	json_decref(doc);
	return state;
}

int
sight_group_is(struct cell *c, void *arg)
{
	return strcmp(sight_group_state(c), arg) == 0;
}

void
sight_expect(const char *command, const char *in_reply)
{
	char *reply = cell_ctl(&cell, command);

	ck_assert_msg(strstr(reply, in_reply) != NULL, "%s: %s", command,
	    reply);
	free(reply);
}

int
sight_n_workers(struct cell *c)
{
	int i = 0;

	while (cell_worker(c, i) != 0)
		i++;
	return i;
}

int
sight_has_workers(struct cell *c, void *arg)
{
	return sight_n_workers(c) == *(int *)arg;
}
