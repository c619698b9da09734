#!/bin/sh
# The kill suite with every kind of child as its victim.
exec "${top_builddir:-.}/e2e_kill" helpers
