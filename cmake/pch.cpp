// The one translation unit the precompiled header is built with.
#include "cmake/pch.h"
