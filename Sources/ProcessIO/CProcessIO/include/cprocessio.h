// System headers that Swift's own module of the C library lacks. What else is here happens before `main`.
#pragma once
#ifdef __linux__
#include <sys/epoll.h>
#endif
