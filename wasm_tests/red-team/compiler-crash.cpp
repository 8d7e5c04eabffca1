// attack: breaks the compiler on purpose | refused | compiler broke
#pragma clang __debug crash
