// template.h: one text, a file for each modem. A template is parsed once; where ${name} or ${name:default} stands in a value, the value is read again for each
// modem, everything else is octets already. compile() allocates nothing once its buffers have grown, and costs microseconds.
//
// A Template is immutable: any thread may compile() from it, with a Compiler of its own. Variables are text, as if it had been written there, but inside a string
// they are never syntax. A variable that is not given and has no default is an error that names it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docsis/binary.h"
#include "docsis/text.h"

namespace coaxd::docsis {

class Template {
 public:
  static std::expected<Template, Problems> parse(std::string_view text, std::string_view name, const ParseOptions& options);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  FileKind kind() const noexcept;
  const std::vector<std::string>& variables() const noexcept;  // each once, by name
  const Problems& warnings() const noexcept;

 private:
  friend class Compiler;
  Template() = default;
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// The value of a variable for the modem at hand; nothing: it has none.
using Variables = std::function<std::optional<std::string_view>(std::string_view name)>;

// TLVs that make a download unique (MULPI 3.0 D.2.1): they are under both MICs.
struct Dynamic {
  std::optional<std::uint32_t> timestamp;       // TLV 19, seconds since 1900
  std::optional<std::uint32_t> modem_address;   // TLV 20, host order
};

class Compiler {
 public:
  Compiler();
  ~Compiler();
  // Writes the whole file to `out`, which is emptied first, and left empty after an error. MTA templates take no seal but `hash`.
  std::expected<void, Problems> compile(const Template& from, const Variables& variables, const Dynamic& dynamic, const Seal& seal, Octets& out);
  std::expected<void, Problems> compile_mta(const Template& from, const Variables& variables, MtaHash hash, Octets& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coaxd::docsis
