#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/web/request.h"

namespace trust::web {

using Handler = std::function<Response(const Request&)>;

/// One page. HEAD is answered as GET; a method without a handler is 405.
struct Route {
  std::string_view path;  ///< what is logged; of static life
  Handler get{};
  Handler post{};
};

/// What came of a request: the answer, and the words for the log.
struct Answered {
  Response response;
  std::string_view method;  ///< "other" for what we do not know
  std::string_view route;   ///< "none" for what nobody answers
};

/// Any thread. A handler that throws is a 500 without a word of what it threw.
class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_{std::move(routes)} {}
  Answered answer(const Request& request) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace trust::web
