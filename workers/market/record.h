/*
 * record.h - what the store keeps, byte for byte.
 *
 * One LMDB file, made whole by import.c and never changed afterwards:
 *
 *	database  key     value
 *	symbol    symbol  struct record_symbol, the name, the sector
 *	bars      symbol  struct record_bar[], oldest first
 *	meta      "hash"  the 64-bit hash of the sources, written last
 *
 * Numbers are the machine's own: the file is a derived copy that is made anew
 * where RECORD_FORMAT or the sources differ.  LMDB aligns values to two bytes
 * only, so records are read by memcpy().
 */
#ifndef MARKET_RECORD_H
#define MARKET_RECORD_H

#include <stdint.h>

#define RECORD_FORMAT 1	/* to be raised with any change to what is below */

#define RECORD_SYMBOL_MAX 15	/* bytes of a symbol */

enum record_kind {
	RECORD_OHLCV,
	RECORD_CLOSE,
	RECORD_COMPANY		/* no prices */
};

struct record_symbol {
	uint32_t kind;		/* enum record_kind */
	uint32_t n_bars;
	uint32_t from, to;	/* dates (date.h); 0 without bars */
	uint32_t has_eps;
	uint16_t name_bytes;	/* 0: unknown */
	uint16_t sector_bytes;
	double eps;
};

#define RECORD_HAS_OPEN	  1u
#define RECORD_HAS_HIGH	  2u
#define RECORD_HAS_LOW	  4u
#define RECORD_HAS_CLOSE  8u
#define RECORD_HAS_VOLUME 16u

struct record_bar {
	uint32_t date;
	uint32_t has;		/* RECORD_HAS_ of the fields that are known */
	double open, high, low, close, volume;
};

_Static_assert(sizeof(struct record_symbol) == 32, "record_symbol");
_Static_assert(sizeof(struct record_bar) == 48, "record_bar");

#endif
