/*
 * logfd.h - the number of the access log, which is taken in any case: by
 * /dev/null where there is no access log, or else the next descriptor that the
 * process happens to open would get the number, and the log's lines.
 */
#ifndef WORKER_LOGFD_H
#define WORKER_LOGFD_H

struct chan_msg;

/* First thing in the program, before it opens anything. */
void logfd_reserve(void);

/* MSG_REOPEN: the new file, or none.  Takes the message's descriptor. */
void logfd_take(struct chan_msg *);

#endif
