/* check.h - `skep-mend --verify`: what state is a region in? */
#ifndef MEND_CHECK_H
#define MEND_CHECK_H

enum check_status { CHECK_SOUND = 0, CHECK_DAMAGED = 1, CHECK_UNUSABLE = 2 };

/*
 * Look at the region on FD_REGION without changing it and print one line on
 * standard output.  Returns an enum check_status: the exit status.
 */
int check_run(void);

#endif
