#!/bin/sh
# The kill suite while the service is reloaded again and again.
exec "${top_builddir:-.}/e2e_kill" reload
