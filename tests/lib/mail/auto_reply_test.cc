#include "lib/mail/signs.h"

#include <gtest/gtest.h>

#include <string>

namespace trust::mail {
namespace {

struct Case {
  const char* name;
  std::string fields, subject, text, from;
  std::string signs;  ///< of "auto bulk no-ack no-ack-without-list silent"
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class AutoReplyTest : public testing::TestWithParam<Case> {};

std::string signs_of(const Automatic& a) {
  std::string out;
  const auto say = [&](bool holds, const char* word) {
    if (holds) out += (out.empty() ? "" : " ") + std::string{word};
  };
  say(a.is_auto_reply, "auto");
  say(a.is_bulk, "bulk");
  say(a.must_not_ack, "no-ack");
  say(a.must_not_ack_apart_from_list, "apart");
  say(a.suppresses_auto_reply, "silent");
  return out;
}

TEST_P(AutoReplyTest, SaysWhetherAPersonWaits) {
  const Case& c = GetParam();
  const Header header = Header::read(c.fields);
  const Parameterised type = parse_parameters(header.value("Content-Type"));
  const Automatic a = read_automatic(header, type.value, c.subject, c.text,
                                     c.from.empty() ? "ada@example.org" : c.from);
  EXPECT_EQ(signs_of(a), c.signs);
}

Case field(const char* name, std::string fields, std::string signs) {
  return {name, std::move(fields), "Haven is down", "It is.", "", std::move(signs)};
}
Case subject(const char* name, std::string words, std::string signs) {
  return {name, "", std::move(words), "Text.", "", std::move(signs)};
}
Case sender(const char* name, std::string address, std::string signs) {
  return {name, "", "Hello", "Text.", std::move(address), std::move(signs)};
}
Case text(const char* name, std::string words, std::string signs) {
  return {name, "In-Reply-To: <a@b>\n", "Re: your mail", std::move(words), "", std::move(signs)};
}

INSTANTIATE_TEST_SUITE_P(
    Fields, AutoReplyTest,
    testing::Values(
        field("none", "", ""), field("auto_submitted_no", "Auto-Submitted: no\n", ""),
        field("auto_submitted_no_comment", "Auto-Submitted: No (a person)\n", ""),
        field("auto_replied", "Auto-Submitted: auto-replied\n", "auto no-ack apart"),
        field("auto_replied_with_parameter", "Auto-Submitted: Auto-Replied; owner=x\n",
              "auto no-ack apart"),
        field("auto_generated", "Auto-Submitted: auto-generated\n", "no-ack apart"),
        field("auto_unknown", "Auto-Submitted: auto-notified; x\n", "no-ack apart"),
        field("x_autoreply", "X-Autoreply: yes\n", "auto no-ack apart"),
        field("x_autoreply_no", "X-Autoreply: no\n", ""),
        field("x_autorespond", "X-Autorespond: Haven is down\n", "auto no-ack apart"),
        field("precedence_auto_reply", "Precedence: auto_reply\n", "auto no-ack apart"),
        field("precedence_bulk", "Precedence: Bulk\n", "bulk no-ack"),
        field("precedence_junk", "Precedence: junk\n", "bulk no-ack"),
        field("precedence_list", "Precedence: list\n", "bulk no-ack"),
        field("precedence_first_class", "Precedence: first-class\n", ""),
        field("list_id", "List-Id: <a.example.org>\n", "bulk no-ack"),
        field("list_post", "List-Post: NO\n", "bulk no-ack"),
        field("list_unsubscribe", "List-Unsubscribe: <mailto:a@example.org>\n", "bulk no-ack"),
        field("list_help", "List-Help: <mailto:a@example.org>\n", "bulk no-ack"),
        field("list_and_automatic", "List-Id: <a.b>\nAuto-Submitted: auto-replied\n",
              "auto bulk no-ack apart"),
        field("null_path", "Return-Path: <>\n", "no-ack apart"),
        field("path", "Return-Path: <ada@example.org>\n", ""),
        field("report", "Content-Type: multipart/report; boundary=b\n", "no-ack apart"),
        field("receipt", "Content-Type: multipart/report; report-type=disposition-notification\n",
              "auto no-ack apart"),
        field("suppress_all", "X-Auto-Response-Suppress: All\n", "silent"),
        field("suppress_list", "X-Auto-Response-Suppress: DR, OOF, AutoReply\n", "silent"),
        field("suppress_reports", "X-Auto-Response-Suppress: DR, NDR, RN\n", "")),
    [](const auto& one) { return std::string{one.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Subjects, AutoReplyTest,
    testing::Values(subject("outlook", "Automatic reply: Haven", "auto no-ack apart"),
                    subject("external", "[EXTERNAL] Automatic reply: x", "auto no-ack apart"),
                    subject("exchange_2003", "Out of Office AutoReply: x", "auto no-ack apart"),
                    subject("lotus", "AUTO: Ada is out of the office", "auto no-ack apart"),
                    subject("alone", "Out of office", "auto no-ack apart"),
                    subject("german", "Automatische Antwort: x", "auto no-ack apart"),
                    subject("german_note", "Abwesenheitsnotiz bis 3.12.", "auto no-ack apart"),
                    subject("french", "Réponse automatique : x", "auto no-ack apart"),
                    subject("french_absent", "Absent du bureau : x", "auto no-ack apart"),
                    subject("spanish", "Respuesta automática: x", "auto no-ack apart"),
                    subject("spanish_out", "Fuera de la oficina: x", "auto no-ack apart"),
                    subject("challenge", "Your email requires verification verify#abc",
                            "no-ack apart"),
                    subject("a_person_answers_one", "Re: Automatic reply: x", ""),
                    subject("about_one", "Automatic reply from your server leaks data", ""),
                    subject("about_office", "Out of office network unreachable", ""),
                    subject("auto_word", "Auto-update is broken", ""), subject("empty", "", "")),
    [](const auto& one) { return std::string{one.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Senders, AutoReplyTest,
    testing::Values(sender("daemon", "mailer-daemon@example.org", "no-ack apart"),
                    sender("daemon_upper", "MAILER-DAEMON@example.org", "no-ack apart"),
                    sender("postmaster", "postmaster@example.org", "no-ack apart"),
                    sender("no_reply", "no-reply@example.org", "no-ack apart"),
                    sender("noreply_with_more", "noreply+x@example.org", "no-ack apart"),
                    sender("do_not_reply", "do_not_reply@example.org", "no-ack apart"),
                    sender("team_noreply", "github-noreply@example.org", "no-ack apart"),
                    sender("reply", "reply@example.org", ""),
                    sender("nora", "nora.reply@example.org", "")),
    [](const auto& one) { return std::string{one.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Texts, AutoReplyTest,
    testing::Values(
        text("english", "I am out of the office and will be back on Monday.", "auto no-ack apart"),
        text("german", "Ich bin bis Montag nicht im Büro. In dringenden Fällen: Max.",
             "auto no-ack apart"),
        text("french", "Je suis absent. De retour lundi.", "auto no-ack apart"),
        text("spanish", "Estoy fuera de la oficina; a mi regreso respondo.", "auto no-ack apart"),
        text("half_of_it", "I am out of the office network and it fails.", ""),
        text("long", "I am out of the office, back on Monday." + std::string(4000, '.'), ""),
        Case{"not_an_answer", "", "Haven", "I am out of the office, back on Monday.", "", ""}),
    [](const auto& one) { return std::string{one.param.name}; });

}  // namespace
}  // namespace trust::mail
