#include <algorithm>
#include <utility>

#include "lib/base/text.h"
#include "lib/imap/imap_mailbox.h"

namespace trust::imap {

namespace {

/// What a NO says about the next step. None of it is a refused login: rights come back unasked.
Fault fault_of_refusal(const Reply& no) {
  if (no.word == "BAD") return Fault::unavailable;
  for (const char* code : {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN", "NOPERM",
                           "AUTHORIZATIONFAILED", "AUTHENTICATIONFAILED", "EXPIRED"})
    if (no.has_code(code)) return Fault::unavailable;
  return Fault::not_found;
}

}  // namespace

Result<std::string> ImapMailbox::name_of_folder(const std::string& folder) {
  if (!folder.starts_with('\\')) return to_mailbox_name(folder);
  if (const auto known = special_.find(folder); known != special_.end()) return known->second;
  std::optional<std::string> name;
  // RFC 6154: servers with LIST-EXTENDED name the attributes when asked, the others always do.
  const bool ask = session_.can("SPECIAL-USE") && session_.can("LIST-EXTENDED");
  const Result<Ending> ended =
      run(ask ? "LIST \"\" \"*\" RETURN (SPECIAL-USE)" : "LIST \"\" \"*\"",
          [&](Reply& reply) {
            if (!reply.is("LIST") || reply.values.size() < 3) return;
            const auto& attributes = reply.values[0].items;
            const bool is_it = std::any_of(attributes.begin(), attributes.end(),
                                           [&](const Value& v) { return v.is_atom(folder); });
            if (is_it && !name) name = std::move(reply.values[2].text);
          },
          {});
  if (!ended) return ended.error();
  if (!ended->ok) return Error{Fault::unavailable, "imap: the server does not list its folders"};
  if (!name) return Error{Fault::not_found, "imap: the server marks no folder as " + folder};
  return special_[folder] = *std::move(name);
}

/// A refused EXAMINE or STATUS.
Error ImapMailbox::refused(const std::string& folder, const Reply& no) {
  special_.erase(folder);  // it may have another name by now
  const Fault fault = fault_of_refusal(no);
  return {fault, fault == Fault::not_found
                     ? "imap: there is no such folder"
                     : "imap: the folder cannot be opened now; check that the account may read it"};
}

Result<mail::FolderState> ImapMailbox::status(const std::string& folder) {
  // RFC 3501 6.3.10: STATUS is not for the folder that is open.
  if (is_open_ && !session_.can("UNSELECT")) return open(folder);
  if (std::exchange(is_open_, false))
    if (const auto left = run("UNSELECT", [](Reply&) {}, {}); !left) return left.error();
  const Result<std::string> name = name_of_folder(folder);
  if (!name) return name.error();
  const Result<std::string> quoted = quote(*name);
  if (!quoted) return quoted.error();
  mail::FolderState state;
  const Result<Ending> ended = run("STATUS " + *quoted + " (MESSAGES UIDNEXT UIDVALIDITY)",
                                   [&](const Reply& reply) {
                                     if (!reply.is("STATUS") || reply.values.size() != 2 ||
                                         !equals_ignoring_case(reply.values[0].text, *name))
                                       return;
                                     const auto& pairs = reply.values[1].items;
                                     for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
                                       const auto n = pairs[i + 1].number();
                                       if (!n || *n > 0xFFFF'FFFFU) continue;
                                       if (pairs[i].is_atom("MESSAGES"))
                                         state.exists = static_cast<std::uint32_t>(*n);
                                       if (pairs[i].is_atom("UIDNEXT"))
                                         state.uidnext = static_cast<std::uint32_t>(*n);
                                       if (pairs[i].is_atom("UIDVALIDITY"))
                                         state.uidvalidity = static_cast<std::uint32_t>(*n);
                                     }
                                   },
                                   {});
  if (!ended) return ended.error();
  if (!ended->ok) return refused(folder, ended->reply);
  return state;
}

Result<mail::FolderState> ImapMailbox::open(const std::string& folder) {
  is_open_ = false;
  const Result<std::string> name = name_of_folder(folder);
  if (!name) return name.error();
  const Result<std::string> quoted = quote(*name);
  if (!quoted) return quoted.error();
  mail::FolderState state;
  exists_ = 0;
  const Result<Ending> ended =
      run("EXAMINE " + *quoted,
          [&](const Reply& reply) {
            if (const auto n = reply.code_number("UIDVALIDITY"); n && *n <= 0xFFFF'FFFFU)
              state.uidvalidity = static_cast<std::uint32_t>(*n);
            if (const auto n = reply.code_number("UIDNEXT"); n && *n <= 0xFFFF'FFFFU)
              state.uidnext = static_cast<std::uint32_t>(*n);
          },
          {});
  if (!ended) return ended.error();
  if (!ended->ok) return refused(folder, ended->reply);
  if (state.uidvalidity == 0)
    return Error{Fault::unavailable, "imap: the server names no UIDVALIDITY for the folder"};
  is_open_ = true;
  uidvalidity_ = state.uidvalidity;
  state.exists = exists_;
  return state;
}

}  // namespace trust::imap
