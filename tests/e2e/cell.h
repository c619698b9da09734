/*
 * cell.h - one skepd in a directory of its own, with stand-ins for worker and
 * keeper (fake_child.c) that misbehave on request, and the certainty that no
 * process of it outlives the test: the test's process is a child subreaper, so
 * whatever the master leaves behind becomes its own child and is ended by pid.
 */
#ifndef E2E_CELL_H
#define E2E_CELL_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

struct cell {
	char dir[48];
	char conf[96], log[96], run[80], region[96], flags[96], lib[96];
	pid_t pid;		/* of skepd; 0: not running */
	const char *set_env;	/* "NAME=value" for skepd, or NULL */
	int keep_fd3;		/* pass this descriptor as number 3; 0 none */
	int tty;		/* its controlling terminal; 0: none */
	int as_pid_1;		/* in a pid namespace of its own */
	const char *user;	/* skepd.user, when the test runs as root */
};

/* Directory, links to the programs, a configuration with one group "web".
 * more: further sections, or options of the group before "#" of the caller. */
void cell_open(struct cell *);

/* Write the configuration: group is put inside the group web's section, more
 * after it. */
void cell_configure(struct cell *, const char *group, const char *more);

/* Start skepd.  Returns at once. */
void cell_start(struct cell *);

/* Start it and wait until it serves. */
void cell_serve(struct cell *);

/* Wait for its end: the exit status, 128 + signal; -1 after ms. */
int cell_wait(struct cell *, int ms);

/* Kill what is left, check that nothing remains, remove the directory. */
void cell_close(struct cell *);

/*
 * For main(), around the tests: a test that fails does not come to its
 * cell_close(); its skepd dies with it, and this removes the files.
 */
void cell_prefix(void);
void cell_sweep(int keep_directories);

/* Tell the stand-ins to misbehave, or no more. */
void cell_flag(struct cell *, const char *name);
void cell_unflag(struct cell *, const char *name);

/* Wait for a line of the log that has this text, n of them: 1; 0 after ms. */
int cell_logged(struct cell *, const char *text, int n, int ms);

/* The real user that a process runs as; -1: it is gone. */
int cell_uid_of(pid_t);

/* Send one command line and get the reply as text; free() it. */
char *cell_ctl(struct cell *, const char *line);

/* The status document; json_decref() it. */
json_t *cell_status(struct cell *);

/* The pid at a path such as "keeper.pid" of the status document, or of the
 * worker at an index; 0: none. */
pid_t cell_helper(struct cell *, const char *name);
pid_t cell_worker(struct cell *, int index);
pid_t cell_zygote(struct cell *);

/* Processes whose parent is this one: into out, returns how many. */
int cell_children(pid_t parent, pid_t *out, int max);

/* Ask the service on its port: the pid of the worker that answered, and its
 * generation; 0: no answer. */
pid_t cell_ask(struct cell *, int port, unsigned *generation_out);

/* The bound port of the group's i-th listener. */
int cell_port(struct cell *, int i);

/* Call again until it gives nonzero, or ms have passed: its last result. */
int cell_until(int (*fn)(struct cell *, void *), struct cell *, void *arg,
    int ms);

#endif
