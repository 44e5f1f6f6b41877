#include <algorithm>

#include "docsis/binary.h"
#include "docsis/mic.h"
#include "docsis/mta_hash.h"

namespace coaxd::docsis {
namespace {

using State = Verdict::State;

State compare(Bytes written, Bytes computed) { return equal(written, computed) ? State::right : State::wrong; }

class ModemFile {
 public:
  ModemFile(Bytes file, const SharedSecret& secret, DynamicAddress address, const SharedSecret& extended_secret)
      : file_(file), secret_(secret), extended_secret_(extended_secret), address_(address), whole_(list_items(file, Length64::one_octet, items_)) {}

  Verdict verdict() {
    const Item* const cm = find(kCmMicCode);
    const Item* const cmts = find(kCmtsMicCode);
    Verdict verdict;
    if (cm != nullptr) verdict.cm_mic = whole_ ? compare(value(*cm), cm_mic(file_, items_)) : State::wrong;
    const auto extended = find_extended_mic(file_, items_);
    const bool implicit = extended && extended.value() && !extended.value()->digest;
    if (cmts != nullptr) {
      if (!whole_) {
        verdict.cmts_mic = State::wrong;
      } else if (!extended) {
        verdict.cmts_mic = State::unknown;
      } else if (implicit) {
        verdict.cmts_mic = compare(value(*cmts), extended_mic(file_, items_, *extended.value(), extended_secret_));
      } else {
        verdict.cmts_mic = compare(value(*cmts), cmts_mic(file_, items_, secret_, address_));
      }
    }
    if (extended && extended.value() && !implicit) {
      const ExtendedMic& explicit_form = *extended.value();
      verdict.extended_cmts_mic = compare(file_.subspan(*explicit_form.digest, kMicOctets), extended_mic(file_, items_, explicit_form, extended_secret_));
    } else if (!extended) {
      verdict.extended_cmts_mic = State::unknown;
    }
    verdict.utility_walk = cmts != nullptr && verdict.cmts_mic == State::wrong && find(kLongVarbindCode) != nullptr && by_utility(*cmts);
    return verdict;
  }

 private:
  const Item* find(std::uint8_t code) const {
    const auto found = std::ranges::find(items_, code, &Item::code);
    return found == items_.end() ? nullptr : &*found;
  }
  Bytes value(const Item& item) const { return file_.subspan(item.at + item.header, item.size - item.header); }

  // The utility computes before it writes TLV 7, so its walk ends there, if TLV 64 has not taken it further.
  bool by_utility(const Item& cmts) {
    const Bytes before = file_.first(cmts.at);
    std::vector<Item> items;
    list_items(before, Length64::two_octets, items);
    return equal(value(cmts), cmts_mic(before, items, secret_, address_));
  }

  Bytes file_;
  const SharedSecret& secret_;
  const SharedSecret& extended_secret_;
  DynamicAddress address_;
  std::vector<Item> items_;
  bool whole_;
};

State mta_hash_state(Bytes file) {
  const FoundHash found = find_hash(file);
  if (found.variant == MtaHash::none) return State::absent;
  Sha1 digest;
  digest.add(file.first(found.at));
  digest.add(file.subspan(found.at + found.size));
  const Sha1Sum sum = digest.finish();
  return compare(file.subspan(found.at + found.size - sum.size(), sum.size()), sum);
}

}  // namespace

Verdict verify(Bytes file, const SharedSecret& secret, DynamicAddress address, const std::optional<SharedSecret>& extended_secret) {
  if (is_mta(file)) return {.mta_hash = mta_hash_state(file)};
  return ModemFile(file, secret, address, extended_secret ? *extended_secret : secret).verdict();
}

}  // namespace coaxd::docsis
