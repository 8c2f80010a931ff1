// What a sanitizer build must report, or its silence elsewhere would mean nothing: a read behind
// the end of a reply, a length that overflows (SEC-23), a count that two pages share without a lock
// (SEC-55).
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>

#include <iostream>
#include <latch>
#include <string_view>
#include <vector>

#include "lib/base/threads.h"
#include "lib/web/server.h"

namespace {

int count_in_two_pages() {
  int count = 0;
  std::latch both{2};
  trust::web::Server server{trust::web::Router{{{"/",
                                                 [&](const trust::web::Request&) {
                                                   both.arrive_and_wait();
                                                   ++count;
                                                   return trust::web::plain(200, "");
                                                 }}}},
                            {}};
  if (!server.start("127.0.0.1", 0)) return -1;
  {
    trust::Threads visitors;
    for (const char* name : {"one", "two"})
      visitors.start(name, [port = server.port()] {
        Poco::Net::HTTPClientSession session{"127.0.0.1", static_cast<Poco::UInt16>(port)};
        Poco::Net::HTTPRequest request{"GET", "/", "HTTP/1.1"};
        Poco::Net::HTTPResponse response;
        session.sendRequest(request);
        session.receiveResponse(response);
      });
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view fault{argc > 1 ? argv[1] : ""};
  int count = argc;
  if (fault == "address") {
    const std::vector<char> reply(3, '2');
    count = *(reply.data() + reply.size() + static_cast<std::size_t>(argc) - 2);
  } else if (fault == "undefined") {
    count += 0x7fffffff;
  } else if (fault == "thread") {
    count = count_in_two_pages();
  }
  std::cout << count << '\n';
}
