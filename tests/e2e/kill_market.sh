#!/bin/sh
# The kill suite on the demo service.
exec "${top_builddir:-.}/e2e_kill" market
