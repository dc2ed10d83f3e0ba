namespace grainspin { int dummy_render; }
