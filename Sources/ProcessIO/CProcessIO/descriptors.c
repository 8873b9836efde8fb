// Opens the standard descriptors that the caller closed, before anything else opens a file: Swift's `main` is too late, the
// runtime has one by then. A closed standard output stays one that cannot be written.
//
// Why: the first file that is opened takes the lowest free number. If broken: started with `2>&-`, a service writes its log
// lines into its database.
#include "cprocessio.h"

#include <fcntl.h>

__attribute__((constructor)) static void open_standard_descriptors(void) {
    static const int flags[] = {O_RDONLY, O_RDONLY, O_WRONLY};
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0) (void)open("/dev/null", flags[descriptor]); // takes the lowest number, this one
    }
}
