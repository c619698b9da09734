#include "msg.h"

#include <stddef.h>

struct kind {
	const char *name;
	int body_len;
	uint8_t fds_min, fds_max;
};

static const struct kind kinds[MSG_TYPE_END] = {
	[MSG_ZYGOTE_READY] = { "zygote_ready", sizeof(struct msg_zygote_ready), 0, 0 },
	[MSG_CLONE] = { "clone", sizeof(struct msg_clone), 1, 1 },
	[MSG_SPAWNED] = { "spawned", sizeof(struct msg_spawned), 0, 0 },
	[MSG_READY] = { "ready", sizeof(struct msg_ready), 0, 0 },
	[MSG_FAIL] = { "fail", sizeof(struct msg_fail), 0, 0 },
	[MSG_DRAIN] = { "drain", sizeof(struct msg_drain), 0, 0 },
	[MSG_STATE] = { "state", sizeof(struct msg_state), 0, 0 },
	[MSG_STUCK] = { "stuck", sizeof(struct msg_stuck), 0, 0 },
	[MSG_REAP] = { "reap", sizeof(struct msg_reap), 0, 0 },
	[MSG_REAPED] = { "reaped", sizeof(struct msg_reaped), 0, 0 },
	[MSG_CONTROL] = { "control", sizeof(struct msg_control), 1, 1 },
	[MSG_STATUS] = { "status", 0, 0, 0 },
	[MSG_LOG_LEVEL] = { "log_level", 0, 0, 0 },
	[MSG_REOPEN] = { "reopen", 0, 0, 1 },
	[MSG_CONTROL_DONE] = { "control_done",
	    sizeof(struct msg_control_done), 0, 0 },
};

int
msg_body_len(unsigned type)
{
	if (type >= MSG_TYPE_END || kinds[type].name == NULL)
		return -1;
	return kinds[type].body_len;
}

unsigned
msg_fds_min(unsigned type)
{
	return type < MSG_TYPE_END ? kinds[type].fds_min : 0;
}

unsigned
msg_fds_max(unsigned type)
{
	return type < MSG_TYPE_END ? kinds[type].fds_max : 0;
}

const char *
msg_name(unsigned type)
{
	if (type >= MSG_TYPE_END || kinds[type].name == NULL)
		return "unknown";
	return kinds[type].name;
}
