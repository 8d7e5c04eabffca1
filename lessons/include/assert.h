// There is no standard library: what there is of this header is in <optlab.h>.
#pragma once
#include <optlab.h>
