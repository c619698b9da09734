/*
 * rcu.pml - the grace period of shm/epoch.h, with store buffers.
 *
 * Each process has a buffer between its stores and memory, which empties when
 * it likes: a store is seen late, a later load of the same process does not
 * wait for it.  The fetch_add of the epoch does not empty it either (weaker
 * than x86), so nothing leans on that.  The barrier empties the buffers of all
 * processes, its caller's first, then one after the other.
 *
 *	R1 e = epoch			W1 unlink
 *	R2 word = e   (buffered)	W2 barrier
 *	R3 fence, in fence mode		W3 stamp = epoch++
 *	R4 look, use			W4 every word 0 or > stamp: reuse
 *	R5 word = 0   (buffered)
 *
 * What must hold: nobody uses what has been reused.  `safe` (what one process
 * has found out, another relies on) is in the model.
 *
 * Variants that must fail:
 *	NO_MEMBARRIER	W2 left out
 *	STAMP_EARLY	W3 before W2
 *	BARRIER_LATE	a barrier that empties its caller's buffer last
 *	SCAN_EARLY	the words of W4 read before W2
 *	NO_STORE	readers leave out R2
 *	SAFE_LATE	`safe` from the epoch as it is after the scan
 *	FENCE with NO_READER_FENCE	a reader without R3 in fence mode
 */
#ifndef NR
#define NR 1			/* readers: processes 0 .. NR - 1 */
#endif
#define NW 2			/* reclaimers: the processes behind them */
#define NP (NR + NW)
#ifndef ROUNDS
#define ROUNDS 2		/* sections that a reader enters */
#endif

/* addresses */
#define WORD(p) (p)
#define LINK(w) (NR + (w))

byte mem[NR + NW];
chan buffer[NP] = [2] of { byte, byte };	/* address, value */
byte epoch = 1;
byte safe = 0;
bool reused[NW];

inline drain(q) {
	do
	:: nempty(buffer[q]) -> buffer[q] ? da, dv; mem[da] = dv
	:: empty(buffer[q]) -> break
	od
}

/* The processor of p: passes a store on, at any time. */
proctype processor(byte p)
{
	byte a, v;
end:	do
	:: atomic { nempty(buffer[p]) -> buffer[p] ? a, v; mem[a] = v }
	od
}

proctype reader(byte p)
{
	byte e, w, found, round, da, dv;

	do
	:: round < ROUNDS ->
		round++;
		e = epoch;					/* R1 */
#ifndef NO_STORE
		buffer[p] ! WORD(p), e;				/* R2 */
#endif
#if defined(FENCE) && !defined(NO_READER_FENCE)
		atomic { drain(p) }				/* R3 */
#endif
		if
		:: w = 0
		:: w = 1
		fi;
		found = mem[LINK(w)];				/* R4 */
		if
		:: found -> assert(!reused[w])		/* still in use */
		:: else
		fi;
		e = 0;
		w = 0;
		found = 0;
		buffer[p] ! WORD(p), 0				/* R5 */
	:: else -> break
	od
}

inline barrier(p) {
#ifdef FENCE
	atomic { drain(p) }
#else
	/* The kernel's barrier on entry comes first: a reader whose turn came
	 * before our own unlink is in memory would miss it. */
#ifndef BARRIER_LATE
	atomic { drain(p) }
#endif
	do
	:: bp < NP -> atomic { drain(bp); bp++ }
	:: else -> bp = 0; break
	od
#endif
}

inline scan() {
	at = epoch;
	least = at;
	i = 0;
	do
	:: i < NR ->
		seen = mem[WORD(i)];
		if
		:: seen != 0 && seen < least -> least = seen
		:: else
		fi;
		i++
	:: else -> i = 0; seen = 0; break
	od
}

proctype reclaimer(byte p)
{
	byte stamp, least, at, seen, i, bp, da, dv;
	byte w = p - NR;
	bool passed = false;

	buffer[p] ! LINK(w), 0;					/* W1 */
#ifdef STAMP_EARLY
	atomic { stamp = epoch; epoch++ }
#endif
#ifdef SCAN_EARLY
	scan();
#endif
#ifndef NO_MEMBARRIER
	barrier(p);						/* W2 */
#endif
#ifndef STAMP_EARLY
	atomic { stamp = epoch; epoch++ }			/* W3 */
#endif
#ifdef SCAN_EARLY
	passed = (least == at);		/* no reader was seen */
#endif
	do							/* W4 */
	:: passed -> break
	:: !passed && stamp <= safe -> passed = true
	:: !passed ->
		scan();
#ifdef SAFE_LATE
		least = (least == at -> epoch : least);
#endif
		atomic {
			if
			:: least - 1 > safe -> safe = least - 1
			:: else
			fi
		}
		passed = (stamp < least);
		least = 0;
		at = 0
	od;
	reused[w] = true
}

init {
	byte k;

	atomic {
		do
		:: k < NW -> mem[LINK(k)] = 1; k++
		:: else -> break
		od;
		k = 0;
		do
		:: k < NP -> run processor(k); k++
		:: else -> break
		od;
		k = 0;
		do
		:: k < NR -> run reader(k); k++
		:: else -> break
		od;
		do
		:: k < NP -> run reclaimer(k); k++
		:: else -> break
		od
	}
}
