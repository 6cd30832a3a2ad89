"""Name -> maker, for targets and secret stores; the only file that knows them all."""
