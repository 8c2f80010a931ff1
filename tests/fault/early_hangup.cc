// Preloaded into a program, sends it a SIGHUP before its `main` (EARLY_HANGUP=load) or at the first
// system call of its own (EARLY_HANGUP=main: the limit for core files).
#include <dlfcn.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>

namespace {

void hang_up_at(const char* moment) {
  const char* const wanted = getenv("EARLY_HANGUP");
  if (wanted != nullptr && strcmp(wanted, moment) == 0) raise(SIGHUP);
}

__attribute__((constructor)) void loaded() { hang_up_at("load"); }

}  // namespace

extern "C" int setrlimit(__rlimit_resource_t resource, const rlimit* limits) noexcept {
  hang_up_at("main");
  using Call = int (*)(__rlimit_resource_t, const rlimit*);
  return reinterpret_cast<Call>(dlsym(RTLD_NEXT, "setrlimit"))(resource, limits);
}
