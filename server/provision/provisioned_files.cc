#include "server/provision/provisioned_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/provision/variables.h"
#include "server/tftp/time_of_day.h"

namespace coaxd::provision {
namespace {

using tftp::FileAnswer;
using tftp::FileQuery;

std::string with_slash(std::string path) {
  if (!path.empty() && !path.ends_with('/')) path += '/';
  return path;
}

// The first problem, short enough for an ERROR packet.
std::string in_short(const docsis::Problems& problems) {
  if (problems.empty()) return {};
  const docsis::Problem& first = problems.front();
  return fmt::format("{}:{}:{}: {}", first.file, first.at.line, first.at.column, first.message);
}
std::string in_full(const docsis::Problems& problems) {
  std::string text;
  for (const docsis::Problem& problem : problems) text += docsis::render(problem, {});
  return text;
}

}  // namespace

ProvisionedFiles::ProvisionedFiles(const Parts& parts)
    : parts_(parts), settings_(parts.settings), root_(with_slash(parts.settings.root)), snapshot_(parts.snapshots), compiled_(parts.settings.cache_octets, counters_) {
  if (parts_.confined != nullptr) confined_.emplace(*parts_.confined);
}

bool ProvisionedFiles::is_cmts(Ipv4 address) const noexcept {
  return std::ranges::any_of(settings_.cmts, [&](const Prefix& prefix) { return prefix.contains(address); });
}

// Old configurations name /tftpboot/gold.cm, and some modems put a / before what they were told.
std::string_view ProvisionedFiles::local_name(std::string_view name) const noexcept {
  if (!root_.empty() && name.starts_with(root_)) name.remove_prefix(root_.size());
  while (name.starts_with('/')) name.remove_prefix(1);
  return name;
}

FileAnswer ProvisionedFiles::open(const FileQuery& query) {
  snapshot_.refresh();
  Asked asked;
  if (const Refusal refusal = admit(query, asked); refusal != Refusal::none) return refuse(refusal, query, asked);

  const auto found = snapshot_->templates->find(asked.name);
  const bool is_template = found != snapshot_->templates->end();
  if (is_template) {
    Given given = compile(found, asked, query);
    if (given.refusal == Refusal::none) {
      counters_.from_templates.add();
      if (given.old_secret) counters_.old_secrets.add();
      remember(query, asked, given.old_secret);
      return FileAnswer::ready(std::move(given.contents));
    }
    // A template that has never been good takes nothing away: a static file that was served until it came still is.
    if (given.refusal != Refusal::template_broken || parts_.static_files == nullptr) return refuse(given.refusal, query, asked, given.detail);
  }
  if (parts_.static_files == nullptr) return refuse(Refusal::not_found, query, asked);
  FileQuery inner = query;
  inner.name = asked.name;
  FileAnswer answer = parts_.static_files->open(inner);
  if (answer.status == FileAnswer::Status::refused) {
    const bool missing = answer.code == tftp::ErrorCode::file_not_found;
    if (missing) return refuse(is_template ? Refusal::template_broken : Refusal::not_found, query, asked);
    refuse(Refusal::static_refused, query, asked, answer.text);
    answer.label = to_string(Refusal::static_refused);
    return answer;
  }
  counters_.from_static.add();
  if (asked.known && who_.told && local_name(who_.handed.file()) == asked.name) remember(query, asked, false);
  return answer;
}

Refusal ProvisionedFiles::admit(const FileQuery& query, Asked& asked) {
  asked.name = local_name(query.name);
  const bool cmts = is_cmts(query.client.address);
  if (parts_.handed_out != nullptr)
    if (const auto generated = parts_.handed_out->parse(asked.name)) return admit_generated(query, *generated, cmts, asked);
  who_.told = false;
  if (cmts) return Refusal::none;

  identify(parts_.leases, parts_.plan.get(), parts_.handed_out, query.client.address, query.now.wall, who_);
  asked.known = who_.known();
  if (settings_.check == SourceCheck::off) return Refusal::none;
  if (!who_.leased) return Refusal::no_lease;
  if (settings_.check == SourceCheck::lease) return Refusal::none;
  if (std::ranges::any_of(settings_.unasked, [&](const std::string& prefix) { return asked.name.starts_with(prefix); })) return Refusal::none;
  if (!who_.told) return asked.known && had_last(asked.name) ? Refusal::none : Refusal::nothing_told;
  // Where DHCP has told a generated name, the one behind it is nobody's to ask for.
  const bool named = !parts_.handed_out->settings().generated_names && local_name(who_.handed.file()) == asked.name;
  return named ? Refusal::none : Refusal::not_told;
}

// What DHCP has told is forgotten when the server ends; which file a modem had last is not, and that is what it was told.
bool ProvisionedFiles::had_last(std::string_view name) const {
  if (parts_.modems == nullptr || settings_.generated_names) return false;
  bool same = false;
  parts_.modems->read(who_.modem, [&](const subscriber::Modem& record) { same = record.file == name; });
  return same;
}

Refusal ProvisionedFiles::admit_generated(const FileQuery& query, const HandedOut::Name& name, bool cmts, Asked& asked) {
  counters_.by_generated_name.add();
  Handed handed;
  if (!parts_.handed_out->find(name.address, handed)) return Refusal::name_unknown;
  // First of all: who guesses learns nothing of other addresses.
  const auto standing = parts_.handed_out->standing(handed, name.nonce, query.now.wall);
  if (standing == HandedOut::Standing::unknown) return Refusal::name_unknown;
  const bool checked = settings_.check != SourceCheck::off;
  if (checked && !cmts && query.client.address != name.address) return Refusal::name_of_another;
  if (standing == HandedOut::Standing::used) return Refusal::name_used;
  if (standing == HandedOut::Standing::expired) return Refusal::name_expired;
  identify(parts_.leases, parts_.plan.get(), parts_.handed_out, name.address, query.now.wall, who_);
  if (checked && !who_.leased) return Refusal::no_lease;
  if (!who_.told || who_.handed.nonce != name.nonce) return Refusal::name_unknown;  // the address is another's by now
  asked.name = local_name(who_.handed.file());
  asked.known = true;
  return Refusal::none;
}

// Machines behind it may be, and the modem not.
bool ProvisionedFiles::is_in_quarantine(subscriber::Mac modem) {
  if (!confined_) return false;
  confined_->refresh();
  if ((*confined_)->empty()) return false;
  std::array<std::uint8_t, 6> octets;
  store_be16(octets.data(), static_cast<std::uint16_t>(modem.value >> 32));
  store_be32(octets.data() + 2, static_cast<std::uint32_t>(modem.value));
  const subscriber::Confined::Hold* hold = (*confined_)->find_modem(octets);
  return hold != nullptr && hold->scope == subscriber::Scope::modem;
}

ProvisionedFiles::Given ProvisionedFiles::compile(TemplateSet::Templates::const_iterator found, const Asked& asked, const FileQuery& query) {
  const LoadedTemplate* from = found->second.get();
  if (asked.known && is_in_quarantine(who_.modem)) {
    if (const LoadedTemplate* variant = snapshot_->templates->quarantine_of(found)) {
      from = variant;
      counters_.quarantined.add();
    }
  }
  if (from == nullptr) return {.refusal = Refusal::template_broken};

  const Ipv4 cmts = asked.known && who_.told && !who_.handed.giaddr.is_zero() ? who_.handed.giaddr : query.client.address;
  const Secrets::Entry* entry = snapshot_->secrets->find(cmts);
  if (entry == nullptr) return {.refusal = Refusal::no_secret, .detail = fmt::format("there is no shared secret for CMTS {}", to_string(cmts))};
  Given given;
  // Who had a file whole and asks again so soon was not let in with it (secrets.h).
  const WallSeconds served = asked.known && who_.told ? WallSeconds{who_.handed.served_at} : 0;
  const SealKey* old = entry->old_at(query.now.wall);
  given.old_secret = old != nullptr && served != 0 && query.now.wall - served <= Secrets::kComeBack && !who_.handed.has(Handed::kOldSecret);

  CompiledFiles::Order order{.from = *from, .key = given.old_secret ? *old : *entry->key, .hash = settings_.mta_hash};
  if (settings_.timestamp) order.dynamic.timestamp = tftp::seconds_since_1900(query.now.wall);
  if (settings_.modem_address && asked.known && !who_.address.is_zero()) order.dynamic.modem_address = who_.address.value;

  VariableContext context{.who = asked.known ? &who_ : nullptr, .record = nullptr, .file = asked.name, .server = query.server};
  bool missed = false;
  const auto make = [&] {
    auto made = compiled_.make(order, [&](std::string_view name, std::string& out) {
      const bool has = append_variable(name, context, out);
      missed = missed || !has;
      return has;
    });
    if (made) given.contents = std::move(*made);
    else {
      given.refusal = missed && !asked.known ? Refusal::modem_unknown : Refusal::compile_failed;
      given.detail = in_short(made.error()) + '\n' + in_full(made.error());
    }
  };
  // The record is there until the reader has done with it: the file is made meanwhile.
  const bool has_record = asked.known && parts_.modems != nullptr && parts_.modems->read(who_.modem, [&](const subscriber::Modem& record) {
    context.record = &record;
    make();
  });
  if (!has_record) make();
  given.file = from->file;
  return given;
}

void ProvisionedFiles::remember(const FileQuery& query, const Asked& asked, bool old_secret) {
  if (!asked.known) return;
  open_.insert_or_assign(static_cast<std::uint64_t>(query.ticket),
                         Open{.asked = who_.handed, .modem = who_.modem, .at = query.now.wall, .told = who_.told, .old_secret = old_secret, .name = std::string(asked.name)});
}

void ProvisionedFiles::close(tftp::Ticket ticket, bool complete) {
  if (parts_.static_files != nullptr) parts_.static_files->close(ticket, complete);
  const auto found = open_.find(static_cast<std::uint64_t>(ticket));
  if (found == open_.end()) return;
  const Open& open = found->second;
  if (complete) {
    if (open.told) parts_.handed_out->served(open.asked, open.old_secret, open.at);
    if (parts_.modems != nullptr && open.modem.value != 0) parts_.modems->note_file(open.modem, open.at, open.name);
  }
  open_.erase(found);
}

FileAnswer ProvisionedFiles::refuse(Refusal refusal, const FileQuery& query, const Asked& asked, std::string_view detail) {
  counters_.of(refusal).add();
  const RefusalRow& why = row(refusal);
  text_ = detail.empty() ? why.text : detail.substr(0, detail.find('\n'));
  if (parts_.listener != nullptr) {
    parts_.listener->on_refused({.why = refusal,
                                 .client = query.client,
                                 .name = query.name,
                                 .modem = asked.known ? who_.modem : subscriber::Mac{},
                                 .detail = detail.empty() ? std::string_view(text_) : detail});
  }
  return FileAnswer::refused(why.code, text_, why.label);
}

std::expected<ProvisionedFiles::Preview, std::string> ProvisionedFiles::preview(subscriber::Mac modem, std::string_view name, Instant now) {
  snapshot_.refresh();
  std::array<lease::SlotId, 16> slots;
  const std::size_t count = parts_.leases.find_by_hardware(1, modem.octets(), slots);
  const Ipv4 fixed = parts_.plan != nullptr ? parts_.plan->address_of(modem) : Ipv4{};
  bool found = false;
  for (std::size_t i = 0; i <= count && !found; ++i) {
    identify(parts_.leases, parts_.plan.get(), parts_.handed_out, i < count ? parts_.leases.address_of(slots[i]) : fixed, now.wall, who_);
    found = who_.leased && who_.hardware == modem;
  }
  if (!found) {  // as if it had one: what a template takes from the lease is missing then
    who_ = {};
    who_.hardware = who_.modem = modem;
  }
  const std::string asked_name(name.empty() ? local_name(who_.handed.file()) : local_name(name));
  if (asked_name.empty()) return std::unexpected(fmt::format("DHCP has told {} no file name since the server started; name one", to_string(modem)));
  const FileQuery query{.name = asked_name, .client = {who_.address, 0}, .server = {}, .now = now, .ticket = {}};
  Preview preview{.name = asked_name, .file = {}, .contents = nullptr};
  std::string why = fmt::format("there is no template and no static file for '{}'", asked_name);
  if (const auto at = snapshot_->templates->find(asked_name); at != snapshot_->templates->end()) {
    Given given = compile(at, {.name = asked_name, .known = true}, query);
    if (given.refusal == Refusal::none) {
      preview.file = std::move(given.file);
      preview.contents = std::move(given.contents);
      return preview;
    }
    why = given.detail.empty() ? std::string(row(given.refusal).text) : given.detail.substr(given.detail.find('\n') + 1);
    if (given.refusal != Refusal::template_broken) return std::unexpected(std::move(why));
  }
  if (parts_.static_files != nullptr) {
    FileAnswer answer = parts_.static_files->open(query);
    if (answer.status == FileAnswer::Status::ready) {
      preview.contents = std::move(answer.contents);
      return preview;
    }
  }
  return std::unexpected(std::move(why));
}

}  // namespace coaxd::provision
