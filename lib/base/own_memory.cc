#include "lib/base/own_memory.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace trust {

void keep_memory_to_ourselves() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace trust
