// attack: includes itself for ever | refused | nested too deeply
#include __FILE__
