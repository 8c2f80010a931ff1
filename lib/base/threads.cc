#include "lib/base/threads.h"

#include <pthread.h>

#include <utility>

namespace trust {

Threads::~Threads() {
  for (One& one : threads_) one.thread.join();
}

// An exception that leaves `body` ends the program: a service without one of its parts would look
// alive.
void Threads::start(std::string name, std::function<void()> body) {
  std::promise<void> end;
  std::future<void> ended = end.get_future();
  name.resize(std::min<std::size_t>(name.size(), 15));
  threads_.push_back({std::thread{[name = std::move(name), body = std::move(body),
                                   end = std::move(end)]() mutable {
                        ::pthread_setname_np(::pthread_self(), name.c_str());
                        body();
                        end.set_value();
                      }},
                      std::move(ended)});
}

bool Threads::join_until(std::chrono::steady_clock::time_point end) {
  std::erase_if(threads_, [&](One& one) {
    if (one.ended.wait_until(end) != std::future_status::ready) return false;
    one.thread.join();
    return true;
  });
  return threads_.empty();
}

}  // namespace trust
