/*
 * ctl.h - the control protocol: one command a line, one reply.  It is described
 * in doc/protocol/control.md; skepctl, the master and the keeper share this.
 *
 *	struct ctl_line l;
 *	rc = ctl_parse(line, len, &l);			words and options
 *	cmd = rc < 0 ? NULL : ctl_find(&l);		the command they name
 *	if (cmd == NULL)
 *		ctl_err(&out, l.json, CTL_EXIT_USAGE, "%s", l.error);
 *	...
 *	ctl_line_fini(&l);
 */
#ifndef IPC_CTL_H
#define IPC_CTL_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "commands.h"
#include "msg.h"

/* Without its newline.  It has to fit a MSG_CONTROL. */
#define CTL_LINE_MAX (MSG_MAX - 512)
#define CTL_ARGS_MAX 256

/*
 * Connections that the keeper is lent at once.  Of these as of all control
 * connections the last quarter is for root and the user of the service.
 */
#define CTL_LENT_MAX	64
#define CTL_GUESTS(all) ((all) - (all) / 4)

/* What a reply's code and skepctl's exit status can be. */
#define CTL_EXIT_OK	  0
#define CTL_EXIT_FAILED	  1
#define CTL_EXIT_USAGE	  2
#define CTL_EXIT_NO_DAEMON 3	/* status only */
#define CTL_EXIT_UNAVAILABLE 69
#define CTL_EXIT_DENIED	  77
#define CTL_EXIT_CONFIG	  78

struct ctl_word {
	const char *p;	/* n bytes and a NUL; bytes may be NUL */
	size_t n;
};

/* A command line taken apart.  Everything lives until ctl_line_fini(). */
struct ctl_line {
	struct ctl_word arg[CTL_ARGS_MAX];	/* noun and verb first */
	unsigned n_args;
	unsigned first;	/* after ctl_find(): the first behind noun and verb */
	struct ctl_word opt[16];	/* "--ttl=30s", without --json */
	unsigned n_opts;
	int json;
	char error[256];	/* why ctl_parse() or ctl_find() refused */
	char *store;
};

/*
 * Words are separated by spaces and tabs.  "..." is one word in which \" \\ \n
 * \r \t \0 \xHH are escapes; bare words are taken as they are.  Words that begin
 * with "--" and are not quoted are options, until a bare "--".  n is without the
 * newline; a CR at the end is dropped.  0, -EINVAL with error set, -ENOMEM.
 * Free with ctl_line_fini() in each case.
 */
int ctl_parse(const char *line, size_t n, struct ctl_line *out);
void ctl_line_fini(struct ctl_line *);

/*
 * The command, its number of arguments and its options checked; NULL with error
 * set.  An empty line names none: n_args is 0 then.
 */
const struct ctl_command *ctl_find(struct ctl_line *);

/* The i-th argument behind noun and verb; NULL when there is none. */
const char *ctl_arg(const struct ctl_line *, unsigned i, size_t *n_out);
unsigned ctl_n_args(const struct ctl_line *);
/* The value of "--name=value", "" for a switch, NULL when it is not there. */
const char *ctl_opt(const struct ctl_line *, const char *name);

/* Append s to a command line so that ctl_parse() gives it back as one argument. */
void ctl_quote(struct buf *line, const char *s, size_t n);

/* "cache set KEY VALUE [--ttl=TIME] [--flags=N]" */
void ctl_usage(const struct ctl_command *, struct buf *out);
const char *ctl_role_name(enum ctl_role);

/*
 * Replies.  Text: "OK <bytes>\n" and so many bytes, or "ERR <code> <text>\n".
 * A stream is "MORE <bytes>\n" and the bytes, any number of times, then OK.
 * JSON: one line, {"ok":true,"data":...} or {"ok":false,"code":..,"error":".."};
 * a stream is {"more":...} lines, then ok.
 */
void ctl_ok(struct buf *out, int json, const char *body, size_t n);
void ctl_more(struct buf *out, int json, const char *body, size_t n);
void ctl_err(struct buf *out, int json, int code, const char *fmt, ...)
    BUF_PRINTF(4, 5);

/*
 * Read one reply from the front of in (p, n bytes).  1 and *out filled with the
 * number of bytes used, 0 when more input is needed, -EPROTO.
 */
enum ctl_reply_kind { CTL_REPLY_OK, CTL_REPLY_MORE, CTL_REPLY_ERR };
struct ctl_reply {
	enum ctl_reply_kind kind;
	int code;		/* of ERR */
	const char *body;	/* borrowed from the input */
	size_t n;
	size_t used;
};
int ctl_reply_parse(const char *p, size_t n, struct ctl_reply *out);

#endif
