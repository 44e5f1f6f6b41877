#include "server/ctl/leasequery_command.h"

#include <chrono>
#include <cstdio>

#include "leasequery/client_reply.h"
#include "server/base/json.h"

namespace coaxd::ctl {

using namespace leasequery;

namespace {

constexpr const char* kFooter = R"(
Without --bulk or --active one DHCPLEASEQUERY goes out over UDP and its answer comes to --giaddr, an address
of this machine, so that needs `allow leasequery;` there or this machine among [leasequery] requesters. TCP
needs [leasequery] tcp = true and requesters. The status is 0 when there was an answer, "unknown" included.

Examples:
  coaxctl leasequery 203.0.113.41                    who has it?
  coaxctl leasequery 00:10:95:01:02:03               what does this device have?
  coaxctl leasequery 01:00:10:95:01:02:03            the same by client identifier
  coaxctl leasequery 203.0.113.41 --dialect draft0   asked as an old uBR7200 asks
  coaxctl leasequery --bulk --server 192.0.2.7       every address, over TCP
  coaxctl leasequery --bulk --remote-id 00:10:95:01:02:03    all devices behind one modem
  coaxctl leasequery --bulk --since 15m --json       what changed in the last quarter of an hour
  coaxctl leasequery --active --since 1h             that and every change from now on
  coaxctl leasequery --active --tls-ca ca.pem --tls-certificate me.pem --tls-key me.key
)";

}  // namespace

void LeasequeryCommand::add_to(CLI::App& app) {
  command_ = app.add_subcommand("leasequery", "who has an address, or what a device has, asked as a relay asks (RFC 4388, 6926, 7724)")->fallthrough();
  command_->footer(kFooter);
  command_->add_option("ADDRESS|MAC|CLIENT-ID", subject_, "of whom; nothing is everything (--bulk, --active)");
  command_->add_option("--server", server_, "address of the server")->capture_default_str()->check(CLI::ValidIPV4);
  command_->add_option("--port", options_.port, "its port")->capture_default_str();
  command_->add_option("--giaddr", giaddr_, "the address of ours that the answer goes to (UDP); the one that leads to the server if not given")->check(CLI::ValidIPV4);
  command_->add_option("--dialect", dialect_, "of the query over UDP: rfc4388, draft0 (old uBR7200), draft2 (ARRIS C4, BSR)")
      ->check(CLI::IsMember({"rfc4388", "draft0", "draft2"}))
      ->capture_default_str();
  command_->add_option("--list", list_, "option codes to ask for (option 55), such as 51,82,91")->delimiter(',');
  auto* bulk = command_->add_flag("--bulk", bulk_, "over TCP: all that fits the question (RFC 6926)");
  command_->add_flag("--active", active_, "over TCP: every change from now on, until interrupted (RFC 7724)")->excludes(bulk);
  command_->add_option("--remote-id", remote_id_, "all behind this modem: its MAC, hex octets, or text:NAME (--bulk)");
  command_->add_option("--relay-id", relay_id_, "all behind this relay: hex octets or text:NAME (--bulk)");
  command_->add_option("--since", since_, "only what changed since: seconds since 1970, or 90s, 15m, 2h, 3d ago (--bulk, --active)");
  command_->add_option("--until", until_, "only what changed until then (--bulk)");
  command_->add_option("--for", options_.follow_s, "with --active: stop after so many seconds");
  command_->add_option("--timeout", options_.timeout_s, "seconds that an answer is waited for")->capture_default_str();
  command_->add_flag("--tls", options_.tls.wanted, "over TCP: with TLS (implied by the options below)");
  command_->add_option("--tls-ca", options_.tls.ca, "PEM: who signs the server's certificate");
  command_->add_option("--tls-certificate", options_.tls.certificate, "PEM: ours");
  command_->add_option("--tls-key", options_.tls.key, "PEM: its key");
  command_->add_option("--tls-name", options_.tls.name, "the name in the server's certificate, if that is not its address");
}

// "" or what is wrong.
std::string LeasequeryCommand::read() {
  using Over = ClientOptions::Over;
  options_.over = bulk_ ? Over::bulk : active_ ? Over::active : Over::udp;
  options_.server = Ipv4::parse(server_).value_or(Ipv4{});
  options_.query.giaddr = Ipv4::parse(giaddr_).value_or(Ipv4{});
  options_.query.list = list_;
  options_.dialect = dialect_ == "draft0" ? Dialect::draft0 : dialect_ == "draft2" ? Dialect::draft2 : Dialect::rfc4388;
  options_.tls.wanted = options_.tls.wanted || !options_.tls.ca.empty() || !options_.tls.certificate.empty();
  if (options_.tls.wanted && options_.over == Over::udp) return "TLS goes with --bulk or --active";
  if (options_.tls.wanted && options_.tls.ca.empty()) return "--tls needs --tls-ca: the PEM file of who signs the server's certificate";
  if (options_.over != Over::udp && options_.dialect != Dialect::rfc4388) return "over TCP there is one dialect: leave --dialect out";

  Subject& subject = options_.query.subject;
  if (!subject_.empty()) {
    auto read = parse_subject(subject_);
    if (!read) return read.error();
    subject = std::move(*read);
  }
  for (const auto& [name, word, into] : {std::tuple{"--remote-id", &remote_id_, &subject.remote_id}, std::tuple{"--relay-id", &relay_id_, &subject.relay_id}}) {
    if (word->empty()) continue;
    auto mac = parse_subject(*word);
    auto octets = mac && !mac->hardware.empty() ? std::expected<std::vector<std::uint8_t>, std::string>(mac->hardware) : parse_octets(*word);
    if (!octets) return std::string(name) + " " + octets.error();
    *into = std::move(*octets);
  }
  const int keys = !subject_.empty() + !remote_id_.empty() + !relay_id_.empty();
  if (keys > 1) return "ask by one of ADDRESS, MAC, CLIENT-ID, --remote-id and --relay-id";
  if (options_.over == Over::udp && subject_.empty()) return "whom do you ask for? Give ADDRESS, MAC or CLIENT-ID, or --bulk for everything";
  if (options_.over == Over::bulk && subject.address) return "one address is asked for over UDP: leave --bulk out";
  if (options_.over == Over::active && keys > 0) return "--active follows everything: leave the key out";

  const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  for (const auto& [name, word, into] : {std::tuple{"--since", &since_, &options_.query.since}, std::tuple{"--until", &until_, &options_.query.until}}) {
    if (word->empty()) continue;
    if (options_.over == Over::udp) return std::string(name) + " goes with --bulk or --active";
    auto time = parse_since(*word, now);
    if (!time) return std::string(name) + " " + time.error();
    *into = *time;
  }
  return {};
}

int LeasequeryCommand::run(bool json) {
  const auto fail = [json](const std::string& why, int status) {
    if (json) {
      std::printf("{\"error\": %s}\n", json_text(why).c_str());
    } else {
      std::fprintf(stderr, "coaxctl leasequery: %s\n", why.c_str());
    }
    return status;
  };
  if (const std::string wrong = read(); !wrong.empty()) return fail(wrong, 2);
  const auto type = options_.dialect == Dialect::rfc4388 ? wire::MessageType::leasequery : wire::MessageType::lease_active;
  bool head = false;
  const auto done = ask(options_, [&](const wire::Message& reply, bool last) {
    const AnswerKind kind = kind_of(reply, options_.dialect, static_cast<std::uint8_t>(type));
    std::string line = json ? to_json_line(reply, kind) : to_table_line(reply, kind);
    // A dump that is complete says so by its status; in a table that would only be in the way.
    if (!json && kind == AnswerKind::done && !status_of(reply)) line.clear();
    if (!json && !line.empty() && !std::exchange(head, true)) line = table_head() + line;
    std::fwrite(line.data(), 1, line.size(), stdout);
    if (last || options_.over == ClientOptions::Over::active) std::fflush(stdout);
  });
  std::fflush(stdout);
  if (!done) return fail(done.error(), 1);
  return 0;
}

}  // namespace coaxd::ctl
