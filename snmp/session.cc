#include "snmp/session.h"

#include <fcntl.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <net-snmp/net-snmp-config.h>
// In this order.
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>

namespace coaxd::snmp {
namespace {

// Without files: no MIBs, no configuration, nothing that is kept between lives.
void prepare_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_EMERG);  // without any it speaks to stderr, and of users
    for (const int option : {NETSNMP_DS_LIB_DONT_READ_CONFIGS, NETSNMP_DS_LIB_DONT_PERSIST_STATE, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE})
      ::netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, option, 1);
    ::netsnmp_set_mib_directory("");
    ::init_snmp("coaxd");
    // Who asks for an engine ID (RFC 3414 §4): nobody, of no engine.
    usmUser* nobody = ::usm_create_user();
    nobody->name = ::strdup("");
    nobody->secName = ::strdup("");
    ::usm_add_user(nobody);
  });
}

constexpr int kAuthTypes[] = {NETSNMP_USMAUTH_NOAUTH,        NETSNMP_USMAUTH_HMACMD5,       NETSNMP_USMAUTH_HMACSHA1,     NETSNMP_USMAUTH_HMAC128SHA224,
                              NETSNMP_USMAUTH_HMAC192SHA256, NETSNMP_USMAUTH_HMAC256SHA384, NETSNMP_USMAUTH_HMAC384SHA512};
constexpr int kPrivTypes[] = {USM_CREATE_USER_PRIV_NONE, USM_CREATE_USER_PRIV_DES, USM_CREATE_USER_PRIV_AES, USM_CREATE_USER_PRIV_AES192, USM_CREATE_USER_PRIV_AES256};

std::vector<::oid> arcs_of(const Oid& name) { return {name.arcs().begin(), name.arcs().end()}; }

Oid oid_of(const ::oid* arcs, std::size_t size) {
  Oid result;
  for (const ::oid arc : std::span(arcs, size)) result = result.of(static_cast<std::uint32_t>(arc));
  return result;
}

Value value_of(const variable_list& variable) {
  const auto octets = [&] { return std::string(reinterpret_cast<const char*>(variable.val.string), variable.val_len); };
  switch (variable.type) {
    case ASN_INTEGER: return {.type = Value::Type::integer, .number = *variable.val.integer};
    case ASN_COUNTER:
    case ASN_GAUGE:
    case ASN_TIMETICKS:
    case ASN_UINTEGER: return {.type = Value::Type::number, .number = static_cast<std::int64_t>(static_cast<std::uint32_t>(*variable.val.integer))};
    case ASN_OCTET_STR: return Value::of_octets(octets());
    case ASN_OBJECT_ID: return {.type = Value::Type::object_id, .object_id = oid_of(variable.val.objid, variable.val_len / sizeof(::oid))};
    case ASN_IPADDRESS: {
      if (variable.val_len != 4) return {.type = Value::Type::other};
      const u_char* o = variable.val.string;
      return {.type = Value::Type::address, .number = Ipv4::of(o[0], o[1], o[2], o[3]).value};
    }
    case ASN_NULL: return {};
    case SNMP_NOSUCHINSTANCE:
    case SNMP_ENDOFMIBVIEW: return {.type = Value::Type::absent};
    case SNMP_NOSUCHOBJECT: return {.type = Value::Type::unsupported};
    default: return {.type = Value::Type::other};
  }
}

netsnmp_pdu* pdu_of(const Pdu& from) {
  netsnmp_pdu* pdu = ::snmp_pdu_create(from.type == Pdu::Type::set ? SNMP_MSG_SET : SNMP_MSG_GET);
  if (pdu == nullptr) return nullptr;
  for (const Varbind& varbind : from.varbinds) {
    const std::vector<::oid> name = arcs_of(varbind.name);
    const long number = static_cast<long>(varbind.value.number);
    if (varbind.value.type == Value::Type::integer) ::snmp_pdu_add_variable(pdu, name.data(), name.size(), ASN_INTEGER, &number, sizeof number);
    else if (varbind.value.type == Value::Type::octets) ::snmp_pdu_add_variable(pdu, name.data(), name.size(), ASN_OCTET_STR, varbind.value.octets.data(), varbind.value.octets.size());
    else ::snmp_add_null_var(pdu, name.data(), name.size());
  }
  return pdu;
}

Answer answer_of(const netsnmp_pdu& pdu) {
  Answer answer{.type = Answer::Type::response, .error = static_cast<int>(pdu.errstat), .at = static_cast<std::size_t>(std::max(0L, pdu.errindex))};
  for (const variable_list* variable = pdu.variables; variable != nullptr; variable = variable->next_variable)
    answer.varbinds.push_back({oid_of(variable->name, variable->name_length), value_of(*variable)});
  return answer;
}

}  // namespace

struct Session::Impl {
  // One request as the library knows it. It may be told of twice: first the report, then what it makes of it.
  struct Request {
    Impl* session = nullptr;
    std::uint64_t exchange = 0;  // 0: discovery
    int report = 0;
    std::optional<Answer> answer{};
  };

  Impl(std::string peer, const Key& with, Millis wait) : address("udp:" + std::move(peer)), key(with), timeout(wait) { prepare_library(); }
  ~Impl() { close(); }

  bool open();
  void close();
  void send(std::uint64_t exchange, const Pdu& pdu);
  void hand_over(std::uint64_t exchange, netsnmp_pdu* pdu);
  void discover();
  void discovered(const Answer& answer);
  void collect();
  bool knows_engine() const { return key.version != Version::v3 || ::snmp_sess_session(handle)->securityEngineIDLen > 0; }
  void failed(std::uint64_t exchange, Answer::Type type, std::string text) { taken.push_back({exchange, {.type = type, .text = std::move(text)}}); }
  static int told(int operation, netsnmp_session*, int, netsnmp_pdu* pdu, void* magic);

  const std::string address;
  const Key& key;
  const Millis timeout;
  void* handle = nullptr;
  bool stale = false;  // v3: the agent may be another one by now
  bool discovering = false;
  std::vector<std::unique_ptr<Request>> out;
  std::vector<std::pair<std::uint64_t, Pdu>> waiting;  // for discovery
  std::vector<Taken> taken;
};

bool Session::Impl::open() {
  netsnmp_session settings;
  ::snmp_sess_init(&settings);
  std::string peer = address, community(key.community.text()), user = key.user;
  settings.peername = peer.data();
  settings.timeout = std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
  settings.retries = 1;
  settings.flags |= SNMP_FLAGS_DONT_PROBE;
  if (key.version == Version::v3) {
    settings.version = SNMP_VERSION_3;
    settings.securityModel = SNMP_SEC_MODEL_USM;
    settings.securityName = user.data();
    settings.securityNameLen = user.size();
    settings.securityLevel = key.auth == AuthProtocol::none ? SNMP_SEC_LEVEL_NOAUTH : key.priv == PrivProtocol::none ? SNMP_SEC_LEVEL_AUTHNOPRIV : SNMP_SEC_LEVEL_AUTHPRIV;
    const auto derive = [&](const Secret& passphrase, u_char* into, std::size_t& size) {
      const auto text = passphrase.text();
      return ::generate_Ku(settings.securityAuthProto, static_cast<u_int>(settings.securityAuthProtoLen), reinterpret_cast<const u_char*>(text.data()), text.size(), into, &size) == SNMPERR_SUCCESS;
    };
    // The table's OIDs are the library's own; it copies those of a session.
    settings.securityAuthProto = ::sc_get_auth_oid(kAuthTypes[static_cast<std::size_t>(key.auth)], &settings.securityAuthProtoLen);
    settings.securityPrivProto = ::sc_get_priv_oid(kPrivTypes[static_cast<std::size_t>(key.priv)], &settings.securityPrivProtoLen);
    settings.securityAuthKeyLen = sizeof settings.securityAuthKey;
    settings.securityPrivKeyLen = sizeof settings.securityPrivKey;
    if (key.auth == AuthProtocol::none) settings.securityAuthKeyLen = 0;
    else if (!derive(key.auth_passphrase, settings.securityAuthKey, settings.securityAuthKeyLen)) return false;
    if (key.priv == PrivProtocol::none) settings.securityPrivKeyLen = 0;
    else if (!derive(key.priv_passphrase, settings.securityPrivKey, settings.securityPrivKeyLen)) return false;
  } else {
    settings.version = key.version == Version::v1 ? SNMP_VERSION_1 : SNMP_VERSION_2c;
    settings.community = reinterpret_cast<u_char*>(community.data());
    settings.community_len = community.size();
  }
  handle = ::snmp_sess_open(&settings);
  ::explicit_bzero(&settings, sizeof settings);
  ::explicit_bzero(community.data(), community.size());
  stale = false;
  if (handle == nullptr) return false;
  ::snmp_sess_session(handle)->flags |= SNMP_FLAGS_DONT_PROBE;                 // opening takes it away, and sending would probe and wait
  ::fcntl(::snmp_sess_transport(handle)->sock, F_SETFD, FD_CLOEXEC);  // not for programs of execute()
  return true;
}

void Session::Impl::close() {
  if (handle != nullptr) ::snmp_sess_close(std::exchange(handle, nullptr));
  out.clear();
}

void Session::Impl::send(std::uint64_t exchange, const Pdu& pdu) {
  if (stale && out.empty()) close();
  if (handle == nullptr && !open()) return failed(exchange, Answer::Type::not_sent, "no session can be opened");
  if (knows_engine()) return hand_over(exchange, pdu_of(pdu));
  waiting.emplace_back(exchange, pdu);
  if (!discovering) discover();
}

// Takes the PDU.
void Session::Impl::hand_over(std::uint64_t exchange, netsnmp_pdu* pdu) {
  auto request = std::make_unique<Request>(Request{.session = this, .exchange = exchange});
  Request* const asked = request.get();
  out.push_back(std::move(request));
  if (pdu != nullptr && ::snmp_sess_async_send(handle, pdu, told, asked) != 0) return;
  int library = 0, system = 0;
  char* text = nullptr;
  ::snmp_sess_error(handle, &system, &library, &text);
  asked->answer = {.type = Answer::Type::not_sent, .text = system != 0 ? std::strerror(system) : ::snmp_api_errstring(library)};
  ::free(text);
  if (pdu != nullptr) ::snmp_free_pdu(pdu);
}

void Session::Impl::discover() {
  discovering = true;
  netsnmp_pdu* pdu = ::snmp_pdu_create(SNMP_MSG_GET);
  if (pdu != nullptr) {
    pdu->version = SNMP_VERSION_3;
    pdu->securityName = ::strdup("");
    pdu->securityNameLen = 0;
    pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    pdu->securityModel = SNMP_SEC_MODEL_USM;
  }
  hand_over(0, pdu);
}

void Session::Impl::discovered(const Answer& answer) {
  discovering = false;
  const auto held = std::exchange(waiting, {});
  netsnmp_session* session = ::snmp_sess_session(handle);
  if (!knows_engine()) {
    for (const auto& [exchange, pdu] : held) failed(exchange, answer.type == Answer::Type::not_sent ? answer.type : Answer::Type::silent, answer.text);
    return;
  }
  // The library keeps users for good, with the key that they had first.
  if (usmUser* former = ::usm_get_user(session->securityEngineID, session->securityEngineIDLen, key.user.c_str())) {
    ::usm_remove_user(former);
    ::usm_free_user(former);
  }
  if (::usm_create_user_from_session(session) != SNMPERR_SUCCESS) {
    for (const auto& [exchange, pdu] : held) failed(exchange, Answer::Type::not_trusted, "the library cannot use this user");
    stale = true;
    return;
  }
  for (const auto& [exchange, pdu] : held) hand_over(exchange, pdu_of(pdu));
}

int Session::Impl::told(int operation, netsnmp_session*, int, netsnmp_pdu* pdu, void* magic) {
  Request& request = *static_cast<Request*>(magic);
  if (request.answer) return 1;
  switch (operation) {
    case NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE:
      if (pdu->command == SNMP_MSG_REPORT) request.report = ::snmpv3_get_report_type(pdu);  // what comes of it is told next
      else request.answer = answer_of(*pdu);
      return 1;
    case NETSNMP_CALLBACK_OP_TIMED_OUT: request.answer.emplace(); return 1;
    case NETSNMP_CALLBACK_OP_SEND_FAILED: request.answer = {.type = Answer::Type::not_sent, .text = std::strerror(errno)}; return 1;
    case NETSNMP_CALLBACK_OP_SEC_ERROR:
      request.answer = {.type = Answer::Type::not_trusted, .text = request.report != 0 ? ::snmp_api_errstring(request.report) : "it cannot be told why"};
      return 1;
    default: return 1;  // a resend: not over
  }
}

// Outside of the library, which may be asked for the next thing only then.
void Session::Impl::collect() {
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!out[i]->answer) continue;
      const std::unique_ptr<Request> request = std::move(out[i]);
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
      more = true;
      if (key.version == Version::v3 && request->answer->type != Answer::Type::response && request->exchange != 0) stale = true;
      if (request->exchange == 0) discovered(*request->answer);
      else taken.push_back({request->exchange, std::move(*request->answer)});
      break;
    }
  }
}

Session::Session(std::string peer, const Key& key, Millis timeout) : impl_(std::make_unique<Impl>(std::move(peer), key, timeout)) {}
Session::~Session() = default;

void Session::send(std::uint64_t exchange, const Pdu& pdu) { impl_->send(exchange, pdu); }

int Session::fd() const noexcept { return impl_->handle == nullptr ? -1 : ::snmp_sess_transport(impl_->handle)->sock; }

void Session::readable() {
  if (impl_->handle == nullptr) return;
  netsnmp_large_fd_set ready;  // a plain fd_set ends at 1024, and the server may have more
  ::netsnmp_large_fd_set_init(&ready, FD_SETSIZE);
  ::netsnmp_large_fd_setfd(fd(), &ready);
  ::snmp_sess_read2(impl_->handle, &ready);
  ::netsnmp_large_fd_set_cleanup(&ready);
}

std::optional<Millis> Session::patience() const {
  if (impl_->handle == nullptr || impl_->out.empty()) return std::nullopt;
  netsnmp_large_fd_set fds;
  ::netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
  int count = 0, blocks = 1;
  timeval wait{};
  ::snmp_sess_select_info2(impl_->handle, &count, &fds, &wait, &blocks);
  ::netsnmp_large_fd_set_cleanup(&fds);
  if (blocks != 0) return std::nullopt;
  return std::chrono::ceil<Millis>(std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec));
}

void Session::expire() {
  if (impl_->handle != nullptr) ::snmp_sess_timeout(impl_->handle);
}

std::vector<Session::Taken> Session::take() {
  impl_->collect();
  return std::exchange(impl_->taken, {});
}

}  // namespace coaxd::snmp
