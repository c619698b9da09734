#include "fault.h"

#include <stdarg.h>
#include <stdio.h>

int
fault_set(struct fault *f, int status, const char *fmt, ...)
{
	va_list ap;

	f->status = status;
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap); /* cut is fine */
	va_end(ap);
	return FAULT;
}
