#include "server/ctl/dns_config.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

#include "server/base/ipv4.h"
#include "server/ctl/dns_examples.h"

namespace coaxd::ctl {
namespace {

constexpr const char* kFooter = R"(
Every name is --portal, for five seconds; the names of the allow-list, and all below them, are asked of --upstream. What is
printed is the whole configuration; it names the program and the package that it is for.

Examples:
  coaxctl quarantine dns-config --portal 10.66.0.1 --upstream 192.0.2.53 dnsmasq > /etc/garden-dnsmasq.conf
  coaxctl quarantine dns-config --portal 10.66.0.1 --listen 10.66.0.2 --upstream 192.0.2.53 unbound > /etc/unbound/garden.conf
  coaxctl quarantine dns-config --print-allow > /etc/coaxd/allow.txt        the list that is built in, to begin with
  coaxctl quarantine dns-config --portal 10.66.0.1 --upstream 192.0.2.53 --allow /etc/coaxd/allow.txt dnsmasq
)";

// Calls `each` with every line and its number, from 1, without its end.
void for_each_line(std::string_view text, auto each) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    each(text.substr(0, end), number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\f\v";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || is_digit(c); }

// RFC 1035 §2.3.1 and §2.3.4, and the underscore that names of services begin with.
bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || !(is_letter_or_digit(label.front()) || label.front() == '_')) return false;
  if (label.size() > 1 && !is_letter_or_digit(label.back())) return false;
  return std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; });
}

// Of two labels at least: a whole country is no scanner. The last one is no number, or an address would pass.
bool is_domain(std::string_view name) {
  if (name.size() > 253 || name.find('.') == name.npos) return false;
  std::string_view label;
  for (std::size_t from = 0; from <= name.size(); from += label.size() + 1) {
    label = name.substr(from, name.find('.', from) - from);
    if (!is_label(label)) return false;
  }
  return !std::ranges::all_of(label, is_digit);
}

std::string shown(std::string_view text) {
  std::string out(text.substr(0, 60));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return out;
}

std::string replaced(std::string line, std::string_view key, std::string_view value) {
  for (std::size_t at = 0; (at = line.find(key, at)) != line.npos; at += value.size()) line.replace(at, key.size(), value);
  return line;
}

std::expected<std::string, std::string> whole_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  std::string text;
  char piece[4096];
  if (file != nullptr)
    while (const std::size_t n = std::fread(piece, 1, sizeof piece, file.get())) text.append(piece, n);
  if (file == nullptr || std::ferror(file.get())) return std::unexpected(path + ": " + std::strerror(errno));
  return text;
}

}  // namespace

std::string_view dns_example(std::string_view name) noexcept {
  for (const DnsExample& example : dns_examples())
    if (example.name == name) return example.octets;
  return {};
}

std::expected<std::vector<std::string>, std::string> allow_list(std::string_view text, std::string_view file) {
  std::vector<std::string> names;
  std::unordered_set<std::string> known;
  std::string wrong;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    std::string name(trimmed(line.substr(0, line.find('#'))));
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (name.ends_with('.')) name.pop_back();
    if (name.starts_with("*.")) name.erase(0, 2);
    if (name.empty() || !wrong.empty()) return;
    if (!is_domain(name)) wrong = fmt::format("{}:{}: '{}' is no name of a domain; write such as update.example.com, and xn--... for other scripts", file, number, shown(name));
    else if (known.insert(name).second) names.push_back(std::move(name));
  });
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  std::erase_if(names, [&](const std::string& name) {
    for (std::size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1))
      if (known.contains(name.substr(dot + 1))) return true;
    return false;
  });
  return names;
}

std::string filled(std::string_view pattern, const DnsConfig& config) {
  std::string out;
  for_each_line(pattern, [&](std::string_view line, std::size_t) {
    std::vector<std::string> lines{std::string(line)};
    for (const auto& [key, choices] : {std::pair{"{domain}", &config.names}, std::pair{"{upstream}", &config.upstreams}}) {
      if (line.find(key) == line.npos) continue;
      std::vector<std::string> more;
      for (const std::string& one : lines)
        for (const std::string& choice : *choices) more.push_back(replaced(one, key, choice));
      lines = std::move(more);
    }
    for (std::string& one : lines) {
      one = replaced(replaced(std::move(one), "{portal}", config.portal), "{listen}", config.listen);
      out += replaced(std::move(one), "{command}", "coaxctl quarantine dns-config") + '\n';
    }
  });
  return out;
}

void DnsConfigCommand::add_to(CLI::App& quarantine) {
  command_ = quarantine.add_subcommand("dns-config", "write the configuration of the garden's resolver, for dnsmasq or unbound")->fallthrough();
  command_->footer(kFooter);
  const CLI::Validator address([](std::string& text) { return Ipv4::parse(text) ? std::string{} : fmt::format("'{}' is no IPv4 address; write such as 10.66.0.1", shown(text)); }, "ADDRESS");
  command_->add_flag("--print-allow", print_allow_, "print the allow-list that is built in, and no more");
  auto* portal = command_->add_option("--portal", config_.portal, "the address that every name has")->check(address);
  command_->add_option("--listen", config_.listen, "the resolver's own; without it the portal's")->check(address);
  auto* upstream = command_->add_option("--upstream", config_.upstreams, "resolver for the names of the allow-list; may be repeated")->check(address)->allow_extra_args(false);
  command_->add_option("--allow", allow_, "allow-list, in the place of the one that is built in")->type_name("FILE");
  auto* program = command_->add_option("PROGRAM", program_, "dnsmasq or unbound")->check(CLI::IsMember({"dnsmasq", "unbound"}));
  command_->callback([=, this] {
    if (print_allow_) return;
    for (const CLI::Option* needed : {portal, upstream, program})
      if (needed->count() == 0) throw CLI::RequiredError(needed->get_name());
  });
}

bool DnsConfigCommand::chosen() const { return command_ != nullptr && command_->parsed(); }

int DnsConfigCommand::run(bool json) const {
  const auto fail = [](const std::string& why) {
    std::fprintf(stderr, "coaxctl: %s\n", why.c_str());
    return 1;
  };
  if (json) return fail("quarantine dns-config has no --json: it writes a file for another program");
  std::string text(dns_example("allow.txt"));
  if (!print_allow_) {
    auto list = allow_.empty() ? std::expected<std::string, std::string>(std::move(text)) : whole_file(allow_);
    if (!list) return fail("cannot read the allow-list " + list.error());
    auto names = allow_list(*list, allow_.empty() ? "allow.txt" : allow_);
    if (!names) return fail(names.error());
    DnsConfig config = config_;
    config.names = std::move(*names);
    if (config.listen.empty()) config.listen = config.portal;
    text = filled(dns_example(program_ + ".conf.in"), config);
  }
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) return fail(std::string("cannot write the answer: ") + std::strerror(errno));
  return 0;
}

}  // namespace coaxd::ctl
