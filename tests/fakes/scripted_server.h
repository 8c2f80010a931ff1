#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace trust::test {

/// One step of what a scripted peer does.
struct Step {
  enum class Kind { hear, hear_until, say, say_bytewise, drop, reset, stall, be_deaf };
  Kind kind;
  std::string text;
};
/// Waits for a line; one that does not begin with `prefix` (ASCII case ignored) ends the
/// connection.
inline Step hear(std::string prefix) { return {Step::Kind::hear, std::move(prefix)}; }
/// Waits until the peer has sent `bytes`, for example "\r\n.\r\n".
inline Step hear_until(std::string bytes) { return {Step::Kind::hear_until, std::move(bytes)}; }
inline Step say(std::string bytes) { return {Step::Kind::say, std::move(bytes)}; }
/// Every byte in a segment of its own.
inline Step say_bytewise(std::string bytes) { return {Step::Kind::say_bytewise, std::move(bytes)}; }
/// Closes in good order (FIN).
inline Step drop() { return {Step::Kind::drop, ""}; }
/// Closes at once (RST).
inline Step reset() { return {Step::Kind::reset, ""}; }
/// Says nothing more, and listens until the peer goes.
inline Step stall() { return {Step::Kind::stall, ""}; }
/// Does not even read until the peer goes.
inline Step be_deaf() { return {Step::Kind::be_deaf, ""}; }

using Script = std::vector<Step>;

/// A plain TCP server on a free loopback port. The n-th connection plays the n-th script, later
/// ones the last; after its script a connection is closed. Records every byte that arrives.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<Script> scripts);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  int port() const { return port_; }
  /// "smtp://127.0.0.1:4711"; `user` is put before the host as "user@".
  std::string url(const std::string& scheme, const std::string& user = "") const;
  std::size_t connections() const;
  /// All that connection `number` (from 0) has sent so far.
  std::string received(std::size_t number) const;
  /// All connections' bytes, one after the other.
  std::string received() const;
  /// Waits until connection `number` is over; false after 10 s.
  bool wait_until_over(std::size_t number) const;

 private:
  struct Line;
  void accept_all();
  void play(std::size_t number, int socket, const Script& script);

  std::vector<Script> scripts_;
  int listener_ = -1;
  int stop_pipe_[2];
  int port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> received_;
  std::vector<bool> over_;
  std::vector<std::thread> players_;
  std::thread acceptor_;
};

/// A port of 127.0.0.1 where nobody listens.
int closed_port();

}  // namespace trust::test
