// attack: looks for the solution and for this machine with __has_include | refused | found nothing to steal
#if __has_include("solution.cpp") || __has_include("../solution.cpp") ||                         \
                                                   __has_include("reference.cpp") ||             \
                                                                 __has_include("/etc/passwd") || \
                                                                               __has_include("/proc/self/environ")
#error found something
#else
#error found nothing to steal
#endif
