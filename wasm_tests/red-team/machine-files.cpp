// attack: reads files of the machine | refused | file not found
#include "/etc/passwd"
#include "/usr/include/stdio.h"
