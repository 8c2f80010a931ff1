#pragma once

#include <deque>
#include <string>
#include <vector>

#include "lib/net/stream.h"

namespace trust::test {

/// What a peer says once it has heard `after` ("" = at once).
struct Turn {
  std::string after;
  std::string say;
};

/// A conversation in memory: the peer's turns come in order, in pieces of at most `piece` bytes.
/// When nothing more is to come, the peer has hung up, or with `stalls` is silent for ever (every
/// receive then fails at once as if its deadline had passed).
class ScriptStream final : public net::Stream {
 public:
  explicit ScriptStream(std::vector<Turn> turns, std::size_t piece = 65536, bool stalls = false)
      : turns_{turns.begin(), turns.end()}, piece_{piece}, stalls_{stalls} {
    listen();
  }

  Result<std::string> receive(std::size_t max_bytes, Deadline) override {
    if (said_.empty() && stalls_) return Error{Fault::unavailable, "the server took too long"};
    std::string bytes = said_.substr(0, std::min(max_bytes, piece_));
    said_.erase(0, bytes.size());
    return bytes;
  }
  Status send(std::string_view bytes, Deadline) override {
    heard_ += bytes;
    if (record_ != nullptr) *record_ += bytes;
    listen();
    return ok();
  }
  bool has_input() override { return !said_.empty() || (turns_.empty() && !stalls_); }

  const std::string& heard() const { return heard_; }
  /// The peer says this now, whatever its turns are.
  void interject(std::string_view bytes) { said_ += bytes; }
  /// The peer hangs up now, or (at the end) when its turns are over, whatever `stalls` said.
  void hang_up_now() {
    turns_.clear();
    stalls_ = false;
  }
  void hang_up_at_the_end() { stalls_ = false; }
  /// All that is heard is added to `record` as well, which may outlive the stream.
  void record_into(std::string* record) { record_ = record; }

 private:
  void listen() {
    while (!turns_.empty()) {
      const std::size_t at = heard_.find(turns_.front().after, from_);
      if (at == std::string::npos) return;
      from_ = at + turns_.front().after.size();
      said_ += turns_.front().say;
      turns_.pop_front();
    }
  }

  std::deque<Turn> turns_;
  std::size_t piece_;
  bool stalls_;
  std::string heard_, said_;
  std::size_t from_ = 0;
  std::string* record_ = nullptr;
};

/// Hands out prepared streams in order; then says that nobody answers.
class ScriptConnector final : public net::Connector {
 public:
  Result<std::unique_ptr<net::Stream>> connect(const net::Endpoint& endpoint) override {
    endpoints.push_back(endpoint);
    if (streams.empty()) return Error{Fault::unavailable, "nothing answers there"};
    std::unique_ptr<net::Stream> next = std::move(streams.front());
    streams.pop_front();
    return next;
  }

  std::deque<std::unique_ptr<net::Stream>> streams;
  std::vector<net::Endpoint> endpoints;
};

}  // namespace trust::test
