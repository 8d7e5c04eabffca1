// attack: includes itself twice at every level | refused | nested too deeply|longer than
#if __INCLUDE_LEVEL__ < 60
#include __FILE__
#include __FILE__
#endif
