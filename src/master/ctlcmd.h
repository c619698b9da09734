/*
 * ctlcmd.h - the control commands that the master answers.
 */
#ifndef MASTER_CTLCMD_H
#define MASTER_CTLCMD_H

#include "buf.h"
#include "ctl.h"
#include "master.h"

struct ctlclient;

/*
 * Carry out one command line (line, and as it came: text) for a client of that
 * role, and append the answer to out: now, or the client is made to wait, or
 * is lent to the keeper.
 */
void ctlcmd_run(struct master *, struct ctlclient *, enum ctl_role role,
    struct ctl_line *line, const char *text, size_t n, struct buf *out);

/* The answer to one who waited for a reload. */
void ctlcmd_reload_result(const struct master *, int json, struct buf *out);

/* "done", or {"result":"done"}. */
void ctlcmd_done(int json, const char *what, struct buf *out);

#endif
