// provisioned_files.h: the file that a request gets: a name that DHCP has generated, a template compiled for the modem that asks, a file of the static folder, in
// this order; and whether it gets one at all. A modem is who has the address that asks (requester.h). A CMTS that fetches for its modems (Settings::cmts) has its own
// address: which modem it is comes from a generated name or not at all, and then a template that wants to know is refused.
//
// One a worker, by whose thread it is called; templates and keys come as snapshots (provision.h), a newer one between two requests. A transfer keeps the octets that it
// began with. Nothing waits: a compile takes microseconds, and the static folder is another FileSource.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "server/lease/lease_table.h"
#include "server/provision/compiled_files.h"
#include "server/provision/counters.h"
#include "server/provision/handed_out.h"
#include "server/base/published.h"
#include "server/provision/requester.h"
#include "server/provision/secrets.h"
#include "server/provision/settings.h"
#include "server/provision/template_folder.h"
#include "server/subscriber/confined.h"
#include "server/subscriber/modem_table.h"
#include "server/tftp/files.h"

namespace coaxd::provision {

// What files are made of, at one moment.
struct Snapshot {
  std::shared_ptr<const TemplateSet> templates;
  std::shared_ptr<const Secrets> secrets;
};

// Told of each request that got nothing, by the worker's thread. Views are valid during the call; `name` is a stranger's octets.
class Listener {
 public:
  struct Refused {
    Refusal why = Refusal::none;
    tftp::Endpoint client{};
    std::string_view name{};
    subscriber::Mac modem{};   // zero: not known
    std::string_view detail{};  // lines, the first one what the client was told
  };
  virtual void on_refused(const Refused& refused) = 0;

 protected:
  ~Listener() = default;
};

class ProvisionedFiles final : public tftp::FileSource {
 public:
  struct Parts {
    const Settings& settings;
    const Published<Snapshot>& snapshots;
    const lease::LeaseTable& leases;
    std::shared_ptr<const AddressPlan> plan = nullptr;   // null: there is none
    HandedOut* handed_out = nullptr;                     // null: nobody notes what DHCP tells
    subscriber::ModemTable::Reader* modems = nullptr;    // the worker's; null: there are no records
    const subscriber::PublishedConfined* confined = nullptr;  // who is in quarantine; null: nobody ever is
    tftp::FileSource* static_files = nullptr;            // the worker's; null: there are none
    Listener* listener = nullptr;
  };
  explicit ProvisionedFiles(const Parts& parts);
  ProvisionedFiles(const ProvisionedFiles&) = delete;
  ProvisionedFiles& operator=(const ProvisionedFiles&) = delete;

  // The plan of a configuration that was taken over: while the worker rests.
  void use(std::shared_ptr<const AddressPlan> plan) noexcept { parts_.plan = std::move(plan); }

  tftp::FileAnswer open(const tftp::FileQuery& query) override;
  void close(tftp::Ticket ticket, bool complete) override;

  // Lets go of a former snapshot, so that its keys are wiped also where nobody asks for files.
  void refresh() override { snapshot_.refresh(); }
  const Counters& counters() const noexcept { return counters_; }

  // What `modem` would get for `name` (empty: for the name that DHCP has told it), whatever it may; for an operator who asks. The error is one sentence or the
  // template's problems.
  struct Preview {
    std::string name, file;  // asked for; the template, empty for a static file
    std::shared_ptr<const tftp::Contents> contents;
  };
  std::expected<Preview, std::string> preview(subscriber::Mac modem, std::string_view name, Instant now);

 private:
  // A configuration on its way to a modem that we know.
  struct Open {
    Handed asked{};
    subscriber::Mac modem{};
    WallSeconds at = 0;
    bool told = false, old_secret = false;
    std::string name;
  };
  // A request that may have a file.
  struct Asked {
    std::string_view name;  // the generated name's own, without the root's path
    bool known = false;     // who_ is who asks
  };
  struct Given {
    Refusal refusal = Refusal::none;
    std::shared_ptr<const tftp::Contents> contents{};
    bool old_secret = false;
    std::string file{};     // the template
    std::string detail{};   // of a refusal
  };

  bool is_cmts(Ipv4 address) const noexcept;
  std::string_view local_name(std::string_view name) const noexcept;
  Refusal admit(const tftp::FileQuery& query, Asked& asked);
  bool had_last(std::string_view name) const;
  Refusal admit_generated(const tftp::FileQuery& query, const HandedOut::Name& name, bool cmts, Asked& asked);
  bool is_in_quarantine(subscriber::Mac modem);
  Given compile(TemplateSet::Templates::const_iterator found, const Asked& asked, const tftp::FileQuery& query);
  tftp::FileAnswer refuse(Refusal refusal, const tftp::FileQuery& query, const Asked& asked, std::string_view detail = {});
  void remember(const tftp::FileQuery& query, const Asked& asked, bool old_secret);

  Parts parts_;
  const Settings& settings_;
  const std::string root_;  // with a / behind it; empty: none
  Published<Snapshot>::View snapshot_;
  std::optional<subscriber::PublishedConfined::View> confined_;
  Counters counters_;
  CompiledFiles compiled_;
  Requester who_;           // scratch: of the request at hand
  std::string text_;        // of the refusal at hand
  std::unordered_map<std::uint64_t, Open> open_;
};

}  // namespace coaxd::provision
