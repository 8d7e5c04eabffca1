// attack: the same warning sixteen thousand times | refused | an error at last|longer than
#if __INCLUDE_LEVEL__ < 14
#warning again and again and again and again and again
#include __FILE__
#include __FILE__
#endif
#if __INCLUDE_LEVEL__ == 0
#error an error at last
#endif
