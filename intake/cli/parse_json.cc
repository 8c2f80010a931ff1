#include "intake/cli/parse_json.h"

#include <nlohmann/json.hpp>

#include "lib/cli/json_out.h"

namespace trust::intake {

using cli::or_null;
using nlohmann::ordered_json;

ordered_json parse_json(std::string_view file, const mail::ParsedMail& mail,
                        const Understood& understood) {
  auto attachments = ordered_json::array();
  for (const mail::Attachment& a : mail.attachments)
    attachments.push_back({{"name", or_null(a.name)},
                           {"bytes", a.bytes ? ordered_json(*a.bytes) : ordered_json{}},
                           {"type", a.type}});
  auto bounces = ordered_json::array();
  for (const mail::Bounce& b : mail.bounces)
    bounces.push_back({{"recipient", or_null(b.recipient)},
                       {"status", or_null(b.status)},
                       {"kind", b.hard ? "hard" : "soft"},
                       {"fault", b.fault}});
  ordered_json arf;
  if (mail.arf)
    arf = {{"feedback_type", or_null(mail.arf->feedback_type)},
           {"source_ip", or_null(mail.arf->source_ip)},
           {"original_rcpt", or_null(mail.arf->original_rcpt)}};
  auto times = ordered_json::array();
  for (const NamedTime& time : understood.times) times.push_back(to_rfc3339(time.utc));
  return {{"file", file},
          {"subject", or_null(mail.subject)},
          {"from", or_null(mail.from.address)},
          {"from_name", or_null(mail.from.name)},
          {"to", mail.to},
          {"date_utc", or_null(mail.date)},
          {"message_id", or_null(mail.message_id)},
          {"text", or_null(mail.text)},
          {"has_html", mail.has_html},
          {"attachments", std::move(attachments)},
          {"is_bounce", mail.is_bounce},
          {"bounces", std::move(bounces)},
          {"is_auto_reply", mail.is_auto_reply},
          {"must_not_ack", mail.must_not_ack},
          {"arf", std::move(arf)},
          {"visible_reply", or_null(mail.visible_reply)},
          {"kind", name_of(understood.kind)},
          {"urgent", understood.urgent},
          {"encrypted", understood.encrypted},
          {"services", understood.services},
          {"times_utc", std::move(times)},
          {"lossy_charset", mail.lossy_charset},
          {"unparsed", mail.unparsed}};
}

}  // namespace trust::intake
