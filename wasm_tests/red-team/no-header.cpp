// attack: another signature, without the header that would object | refused | conflicting types|overload|functions that differ
extern "C" long long matmul(long long a) { return a; }
