namespace grainspin { int dummy_io; }
