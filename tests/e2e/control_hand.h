/* control_hand.h - the control protocol spoken by hand, for the suite control. */
#ifndef E2E_CONTROL_HAND_H
#define E2E_CONTROL_HAND_H

#include "stage.h"

/*
 * Against a server with the keys of the suite, control.idle_timeout of a few
 * seconds and, for root, a group of guests (gid 1) that may read.  0; 1 with
 * what is wrong printed.
 */
int control_hand(struct stage *);

#endif
