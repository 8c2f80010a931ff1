#pragma once

/// lib/web: HTTP for a few pages behind nginx, as plain values.
///   request.h   what comes in and goes out
///   server.*    Poco's HTTP server behind them, its limits, and the room where requests arrive
///   router.*    which handler answers; methods, HEAD, unknown paths
///   form.*      application/x-www-form-urlencoded (pure)
///   guard.*     security headers, where a form was sent from, form tokens, budgets
/// Promise: a request takes a thread only once it is there as a whole; nothing of one is logged but
/// its method, the route's own path, the status and the time it took.
/// Not here: pages (notifier/web), TLS and names (nginx; any Host is answered).

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trust::web {

struct Request {
  std::string method;
  std::string path;                           ///< as sent, without the query
  std::string query;                          ///< as sent, without its "?"
  std::map<std::string, std::string> fields;  ///< names in lower case; of two alike the last
  std::string body;
  std::string peer;  ///< address the connection came from

  /// The field's value; "" if it was not sent.
  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

struct Response {
  int status = 200;
  std::string body;
  std::string type = "text/html; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> fields{};
};

/// A sentence for people or scripts, as plain text.
inline Response plain(int status, std::string sentence) {
  return {status, std::move(sentence) + "\n", "text/plain; charset=utf-8"};
}

}  // namespace trust::web
