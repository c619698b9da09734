/* control_top.h - `skepctl top` on terminals, for the suite control. */
#ifndef E2E_CONTROL_TOP_H
#define E2E_CONTROL_TOP_H

/* Run it against a server whose group web has two workers.  0; 1 with what is wrong printed. */
int control_top(const char *skepctl, const char *socket_path);

#endif
