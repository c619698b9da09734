/*
 * death.pml - taking over a lock and a slot after a death (shm/slot.h, lock.h,
 * reap.h), with store buffers.
 *
 * Two processes try to own slot 0 and work with lock `word` on a structure of
 * two words, a (the truth) and b (derived), equal whenever the lock is free;
 * a witness, with slot 1, takes the same lock and looks.  The first owner may
 * be killed after any step, all may be slow for ever (stopped).  Two repairers
 * look at slot 0; the first may be killed at any step too.
 *
 * The kernel: `byte_of[s]` is the record lock of slot s; it is dropped when
 * its holder has died, after what it had in its store buffer has reached
 * memory.
 *
 *	owner: byte, LIVE, { note, lock, a, b, unlock, erase } , FREE, byte
 *	repairer: byte, note? word names the slot? b = a, unlock, erase, FREE
 *
 * What must hold: one at a time in the section, who enters finds a == b, in
 * the end the lock is free.
 *
 * Variants that must fail:
 *	REAP_WITHOUT_PROOF	the record lock is only looked at by nobody: who
 *				seems late is taken for dead
 *	LOOK_ONLY		the record lock is tested, not taken
 *	NOTE_LATE		the note after the lock
 *	ERASE_EARLY		the note erased before the unlock
 *	FREE_FIRST		the slot freed before its lock is repaired
 *	NO_REPAIR		the word released, the structure left
 *	BYTE_EARLY		record locks dropped before the stores are seen
 */
#define NSLOT 2
#define NONE 255
#define FREE 0
#define LIVE 1

/* processes: 0, 1 want slot 0; 2 is the witness; 3, 4 repair */
#define NP 5

byte word = 0;			/* slot + 1 of the holder */
byte a = 0, b = 0;
byte note[NSLOT];
byte state[NSLOT];
byte byte_of[NSLOT];		/* process that has the record lock, NONE */
bool dead[NP];
byte inside = 0;		/* living processes in the section */
#ifndef KILLS
#define KILLS 2			/* an owner, and who repairs it */
#endif
byte kills = KILLS;
byte n_done = 0;

/* addresses of buffered stores */
#define A 0
#define B 1
#define NOTE 2			/* + slot */
#define STATE 4			/* + slot */
chan buffer[NP] = [4] of { byte, byte };

inline put(addr, v) {
	if
	:: addr == A -> a = v
	:: addr == B -> b = v
	:: addr >= NOTE && addr < STATE -> note[addr - NOTE] = v
	:: addr >= STATE -> state[addr - STATE] = v
	fi
}

inline drain(p) {
	do
	:: nempty(buffer[p]) -> buffer[p] ? da, dv; put(da, dv)
	:: empty(buffer[p]) -> da = 0; dv = 0; break
	od
}

inline drop_bytes(p) {
	i = 0;
	do
	:: i < NSLOT ->
		if
		:: byte_of[i] == p -> byte_of[i] = NONE
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

/* SIGKILL, possible here; then nothing of this process runs any more. */
inline maybe_die(p, in) {
	if
	:: true
	:: atomic { (p == 0 || p == 3) && kills > 0 ->
		kills--;
		if
		:: in -> inside--
		:: else
		fi;
		dead[p] = true;
#ifdef BYTE_EARLY
		drop_bytes(p)
	   }
	   drain(p);
#else
		drain(p);
		drop_bytes(p)
	   }
#endif
	   goto out
	fi
}

proctype processor(byte p)
{
	byte da, dv;
end:	do
	:: atomic { nempty(buffer[p]) -> buffer[p] ? da, dv; put(da, dv) }
	od
}

proctype owner(byte p; byte s)
{
	byte i, da, dv, v;

	/* Attach: the record lock, a FREE slot. */
	do
	:: atomic { byte_of[s] == NONE -> byte_of[s] = p };
		if
		:: state[s] == FREE -> break
		:: else -> byte_of[s] = NONE;
			if
			:: true			/* try again later */
			:: goto out		/* -EOWNERDEAD: give up */
			fi
		fi
	:: goto out
	od;
	maybe_die(p, false);
	buffer[p] ! STATE + s, LIVE;
	maybe_die(p, false);

#ifndef NOTE_LATE
	buffer[p] ! NOTE + s, 1;
	maybe_die(p, false);
#endif
	/* The lock, or -EBUSY. */
	if
	:: atomic { word == 0 -> drain(p); word = s + 1; inside++ };
		assert(inside == 1);
		maybe_die(p, true);
#ifdef NOTE_LATE
		buffer[p] ! NOTE + s, 1;
		maybe_die(p, true);
#endif
		assert(a == b);
		v = 1 - a;
		buffer[p] ! A, v;
		maybe_die(p, true);
		buffer[p] ! B, v;
		v = 0;
		maybe_die(p, true);
#ifdef ERASE_EARLY
		buffer[p] ! NOTE + s, 0;
		maybe_die(p, true);
#endif
		atomic { drain(p); assert(word == s + 1); word = 0; inside-- };
		maybe_die(p, false)
	:: true
	fi;
	buffer[p] ! NOTE + s, 0;
	maybe_die(p, false);

	/* Detach. */
	buffer[p] ! STATE + s, FREE;
	maybe_die(p, false);
	atomic { drain(p); byte_of[s] = NONE };
out:
	n_done++
}

/* Holds the lock a while, from another slot. */
proctype witness()
{
	if
	:: atomic { word == 0 -> word = 2; inside++ };
		assert(inside == 1 && a == b);
		atomic { assert(word == 2); word = 0; inside-- }
	:: true
	fi;
	n_done++
}

/* Repair of slot s, once. */
inline reap(p, s) {
#if defined(REAP_WITHOUT_PROOF)
	if
	:: state[s] == LIVE && note[s] -> skip
	:: else -> goto next
	fi;
#elif defined(LOOK_ONLY)
	if
	:: byte_of[s] == NONE && state[s] == LIVE -> skip
	:: else -> goto next
	fi;
#else
	if
	:: atomic { byte_of[s] == NONE -> byte_of[s] = p }
	:: byte_of[s] != NONE -> goto next
	fi;
	maybe_die(p, false);
	if
	:: state[s] == LIVE -> skip
	:: else -> byte_of[s] = NONE; goto next
	fi;
#endif
#ifdef FREE_FIRST
	buffer[p] ! STATE + s, FREE;
	atomic { drain(p);
		if
		:: byte_of[s] == p -> byte_of[s] = NONE
		:: else
		fi
	};
	maybe_die(p, false);
#endif
	if
	:: note[s] && word == s + 1 ->
		maybe_die(p, false);
#ifndef NO_REPAIR
		v = a;
		maybe_die(p, false);
		buffer[p] ! B, v;
		v = 0;
		maybe_die(p, false);
#endif
		atomic { drain(p); word = 0 };
		maybe_die(p, false)
	:: else
	fi;
	buffer[p] ! NOTE + s, 0;
	maybe_die(p, false);
	buffer[p] ! STATE + s, FREE;
	maybe_die(p, false);
	atomic { drain(p);
		if
		:: byte_of[s] == p -> byte_of[s] = NONE
		:: else
		fi
	}
}

proctype repairer(byte p)
{
	byte i, da, dv, v;
	byte s = 0;

	reap(p, s);
next:
out:
	n_done++
}

/* When all is over, one last repair by someone who cannot die: then the lock
 * must be free and the structure whole. */
proctype last(byte p)
{
	byte i, da, dv, v;
	byte s = 0;

	atomic { n_done == NP -> kills = 0 }
	reap(p, s);
next:
out:
	(empty(buffer[0]) && empty(buffer[1]) && empty(buffer[3]) &&
	    empty(buffer[4]));
	assert(word == 0 && a == b && state[0] == FREE)
}

init {
	byte k;

	atomic {
		byte_of[0] = NONE;
		byte_of[1] = NONE;
		run processor(0);
		run processor(1);
		run processor(3);
		run processor(4);
		run owner(0, 0);
		run owner(1, 0);
		run witness();
		run repairer(3);
		run repairer(4);
		run last(4)
	}
}
