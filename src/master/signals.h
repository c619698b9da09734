/*
 * signals.h - what the master does when it is signalled.
 *
 *	HUP		reload; on a terminal: stop
 *	TERM INT QUIT	stop; a second INT: at once
 *	USR1		reopen log files
 *	USR2		refused: upgrades are not built yet
 *	WINCH		drain; ignored on a terminal, where it means a new size
 *	TTIN TTOU	one worker more, less, in each group
 *	CHLD		collect who has ended
 *	PIPE		ignored
 */
#ifndef MASTER_SIGNALS_H
#define MASTER_SIGNALS_H

#include "master.h"

/* 0, -ENOMEM. */
int signals_open(struct master *);

/* Whether this process has a controlling terminal. */
int signals_on_terminal(void);

#endif
