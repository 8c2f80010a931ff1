#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "lib/base/result.h"
#include "lib/web/router.h"

namespace trust::web {

struct Limits {
  std::size_t line_bytes = 4096;              ///< request line: 414
  std::size_t head_bytes = 8 * 1024;          ///< with the line: 431
  std::size_t body_bytes = 16 * 1024;         ///< 413
  std::chrono::milliseconds arrival{10'000};  ///< from the connection to its last byte: 408
  std::size_t waiting = 400;                  ///< connections whose request is not there yet
  int threads = 8;
};

/// Serves from `start` to destruction. One request per connection. A request gathers in one
/// thread's buffers, which holds any number of slow senders; a full room drops who waited longest.
class Server {
 public:
  Server(Router router, Limits limits);
  ~Server();

  /// Fault::denied: `host` and `port` cannot be listened at (in use, or not ours). Port 0: any.
  Status start(const std::string& host, int port);
  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trust::web
